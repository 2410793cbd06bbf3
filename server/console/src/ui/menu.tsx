import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './parts';

interface MenuProps { icon: 'plus' | 'columns'; title: string; children: (close: () => void) => ComponentChildren }

/** What a button unfolds. Escape and a click elsewhere fold it again. */
export function Menu({ icon, title, children }: MenuProps) {
  const ref = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (ref.current?.contains(document.activeElement)) ref.current.querySelector('summary')!.focus();
    ref.current?.removeAttribute('open');
  };
  useEffect(() => {
    const outside = (e: Event) => { if (!ref.current?.contains(e.target as Node)) close(); };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, []);
  const onKey = (e: KeyboardEvent) => {
    if (e.key !== 'Escape' || !ref.current?.open) return;
    e.stopPropagation();
    close();
  };
  return (
    <details class="menu" ref={ref} onKeyDown={onKey}>
      <summary class="button plain"><Icon name={icon} />{title}</summary>
      {children(close)}
    </details>
  );
}
