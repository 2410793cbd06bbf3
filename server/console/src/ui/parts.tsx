import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Refusal, token } from '../api';

export type Tone = 'good' | 'bad' | 'warn' | 'info' | 'plain';

const paths = {
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10m3.6-1.4L14 14',
  plus: 'M8 3v10M3 8h10',
  close: 'M4 4l8 8M12 4l-8 8',
  up: 'M8 13V3M4 7l4-4 4 4',
  down: 'M8 3v10M4 9l4 4 4-4',
  back: 'M10 3L5 8l5 5',
  menu: 'M2 4h12M2 8h12M2 12h12',
  columns: 'M2 3h12v10H2zM6 3v10M10 3v10',
  download: 'M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10',
  upload: 'M8 11V3M4.5 6L8 2.5 11.5 6M3 13.5h10',
  undo: 'M4 7h6a3.5 3.5 0 0 1 0 7H6M4 7l3-3M4 7l3 3',
};

export const Icon = ({ name }: { name: keyof typeof paths }) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);

interface ButtonProps extends Omit<JSX.IntrinsicElements['button'], 'icon' | 'class'> {
  class?: string;
  look?: 'main' | 'quiet' | 'danger' | 'plain';
  icon?: keyof typeof paths;
  /** Said to those who cannot see the icon, if there is no other text. */
  label?: string;
  busy?: boolean;
}

export const Button = ({ look = 'plain', icon, label, busy, children, class: more = '', ...rest }: ButtonProps) => (
  <button type="button" {...rest} class={`button ${look} ${children ? '' : 'bare'} ${more}`} aria-label={label ?? rest['aria-label']} title={label} aria-busy={busy} disabled={busy || rest.disabled}>
    {icon && <Icon name={icon} />}{children}
  </button>
);

export const Chip = ({ tone = 'plain', children }: { tone?: Tone; children: ComponentChildren }) => <span class={`chip ${tone}`}>{children}</span>;

/** What is wrong, in the server's words, at the place where people look first. */
export function Errors({ of, fields = [] }: { of: unknown; fields?: string[] }) {
  if (!of) return null;
  const lines = of instanceof Refusal ? of.besides(fields) : [String(of instanceof Error ? of.message : of)];
  const all = lines.length ? lines : ['Please check the fields that are marked.'];
  return <div class="banner bad" role="alert">{all.map(l => <p key={l}>{l}</p>)}</div>;
}

export const Banner = ({ tone = 'info', children }: { tone?: Tone; children: ComponentChildren }) => <div class={`banner ${tone}`}>{children}</div>;

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty"><p class="empty-title">{title}</p>{children}</div>
);

/** A text that would fill the page is unfolded. */
export const Long = ({ text, most = 120 }: { text: string; most?: number }) => (text.length <= most ? <>{text}</> : (
  <details class="long"><summary>{text.slice(0, most / 2)}…</summary>{text}</details>
));

/** The head of a view: what it is, and what can be done there. */
export function Head({ title, under, children, back }: { title: string; under?: ComponentChildren; children?: ComponentChildren; back?: Back }) {
  useEffect(() => { document.title = `${title} · accountsd`; }, [title]);
  return (
    <header class="head">
      <div>
        {back && <a class="back" href={back.href}><Icon name="back" />{back.text}</a>}
        <h1 id="view">{title}</h1>
        {under && <div class="under">{under}</div>}
      </div>
      <div class="actions">{children}</div>
    </header>
  );
}

/** What a view has loaded, what kept it from that, and how to load it again. */
export interface Loaded<T> { data?: T; error?: unknown; reload: () => void; set: (data: T) => void }

/** Loads what a view shows, again whenever what it depends on changes; an answer that comes too late is dropped, and what is shown outlives a reload that fails. */
export function useLoaded<T>(load: () => Promise<T>, on: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; on?: unknown[] }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    const failed = (error: unknown) => setState(s => ({ data: s.on?.every((o, i) => o === on[i]) ? s.data : undefined, error, on }));
    load().then(data => current && setState({ data, on }), error => current && failed(error));
    return () => { current = false; };
  }, [...on, round]);
  const reload = () => setRound(r => r + 1);
  useNextKey(state.error, reload);
  return { data: state.data, error: state.error, reload, set: data => setState({ data, on }) };
}

/** Loads again with the next key what the former one could not. */
export function useNextKey(error: unknown, load: () => void): void {
  useEffect(() => { if (error && token.value) load(); }, [token.value]);
}

interface Back { href: string; text: string }

/** Shows what was loaded, or why it was not: under a title, if there is none yet. */
export function Wait<T>({ for: loaded, title, back, children }: { for: Loaded<T>; title?: string; back?: Back; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {title && loaded.error !== undefined && loaded.data === undefined && <Head title={title} back={back} />}
      <Failure of={loaded.error} onRetry={loaded.reload} />
      {loaded.data !== undefined ? children(loaded.data) : !loaded.error && <p class="waiting" aria-busy="true">Loading…</p>}
    </>
  );
}

/** Why something was not loaded, and the way to try again where that may help. */
export function Failure({ of, onRetry }: { of: unknown; onRetry: () => void }) {
  if (!of) return null;
  const passing = of instanceof Refusal && (of.status === 0 || of.status === 429 || of.status >= 500);
  return <div class="failure"><Errors of={of} />{passing && <Button onClick={onRetry}>Try again</Button>}</div>;
}
