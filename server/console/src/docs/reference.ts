// Sets up the reference. The key that is entered stays in the memory of the page.

interface Auth { ApiKey?: { value: string }; Bearer?: { value: string } }
interface UI { specActions: { updateSpec(text: string): void } }
interface Parameter { required?: boolean; example?: unknown }
interface Document { components: { parameters: Record<string, Parameter> } }
declare const SwaggerUIBundle: ((options: object) => UI) & { presets: { apis: unknown } };

/** Swagger UI sends the examples of what need not be sent, and so a tag of another account: they are taken out. */
function withoutExamples(document: Document): Document {
  for (const p of Object.values(document.components.parameters)) if (!p.required) delete p.example;
  return document;
}

interface Mapped { get(key: string): unknown; getIn(path: string[]): unknown }
interface Listed<T> { size: number; filter(test: (item: T, key: string) => boolean): Listed<T>; map(make: (item: T, key: string) => T): Listed<T> }
interface Tagged { get(key: 'operations'): Listed<Mapped>; set(key: 'operations', to: Listed<Mapped>): Tagged }

/** Filters operations by words in whatever names them, where Swagger UI compares their tags only, to the letter. */
const byWords = () => ({
  fn: {
    opsFilter(tags: Listed<Tagged>, phrase: string): Listed<Tagged> {
      const words = phrase.toLowerCase().split(/\s+/);
      const named = (o: Mapped, tag: string) => [tag, o.get('method'), o.get('path'), o.getIn(['operation', 'summary']), o.getIn(['operation', 'operationId'])].join(' ').toLowerCase();
      return tags.map((t, tag) => t.set('operations', t.get('operations').filter(o => words.every(w => named(o, tag).includes(w))))).filter(t => t.get('operations').size > 0);
    },
  },
});

/** Once a key is in, the document of its company takes the place of the general one. */
const ownDocument = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (authorize: (auth: Auth) => void) => (auth: Auth) => {
          authorize(auth);
          const key = auth.ApiKey?.value ?? auth.Bearer?.value;
          if (key) void showOwn(key);
        },
      },
    },
  },
});

const ui = SwaggerUIBundle({
  spec: withoutExamples(await (await fetch('../openapi.json')).json()),
  dom_id: '#reference',
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [ownDocument, byWords],
  validatorUrl: null,
  deepLinking: true,
  filter: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  syntaxHighlight: { activated: false },
});

async function showOwn(key: string): Promise<void> {
  const answer = await fetch('../openapi.json?custom=true', { headers: { 'x-api-key': key }, credentials: 'omit' });
  if (answer.ok) ui.specActions.updateSpec(JSON.stringify(withoutExamples(await answer.json())));
}

/** Names what Swagger UI leaves without a name for those who cannot see it, and lets the keyboard into what scrolls. */
function addNames(): void {
  const names: [string, (e: Element) => string][] = [
    ['tr[data-param-name] :is(select, input, textarea):not([aria-label])', e => e.closest('tr')!.dataset.paramName!],
    ['#servers:not([aria-label])', () => 'Server'],
    ['.examples-select-element:not([aria-label])', () => 'Example'],
    ['.content-type:not([aria-label])', () => 'Media type'],
    ['textarea.body-param__text:not([aria-label])', () => 'Body'],
    ['.operation-filter-input:not([aria-label])', () => 'Filter the operations'],
  ];
  for (const [which, of] of names) for (const e of document.querySelectorAll(which)) e.setAttribute('aria-label', of(e));
  document.querySelector('.operation-filter-input')?.setAttribute('placeholder', 'Filter by words, such as: patch accounts');
  for (const e of document.querySelectorAll('.microlight:not([tabindex])')) e.setAttribute('tabindex', '0');
}

new MutationObserver(addNames).observe(document.getElementById('reference')!, { childList: true, subtree: true });

export {};
