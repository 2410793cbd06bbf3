const focusable = 'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary';

/**
 * Keeps the focus within a part of the page, for who works by keyboard: a control that was disabled for a while gets it
 * back, and if one is gone, what is left of its surroundings has it. Returns the way to end that.
 */
export function keepFocus(within: HTMLElement): () => void {
  let last: HTMLElement | undefined;
  let around: HTMLElement[] = [];
  const usable = () => last?.isConnected && !last.matches(':disabled');
  const onIn = (e: FocusEvent) => {
    last = e.target as HTMLElement;
    around = [];
    for (let p = last.parentElement; p && p !== within; p = p.parentElement) around.push(p);
  };
  // Who leaves a control that is still there meant to. Whether it is shows once the view is drawn.
  const onOut = (e: FocusEvent) => { if (!e.relatedTarget) setTimeout(() => { if (usable() && document.activeElement !== last) last = undefined; }); };
  const look = () => {
    if (!last || document.activeElement !== document.body) return;
    if (usable()) last.focus();
    if (last.isConnected) return;
    const left = around.find(p => p.isConnected && p.querySelector(focusable));
    last = undefined;
    // Of what is nothing less than the view, no control is nearer than another.
    (left?.querySelector('h1') ? within : left?.querySelector<HTMLElement>(focusable) ?? within).focus({ preventScroll: true });
  };
  const watch = new MutationObserver(look);
  watch.observe(within, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] });
  within.addEventListener('focusin', onIn);
  within.addEventListener('focusout', onOut);
  return () => {
    watch.disconnect();
    within.removeEventListener('focusin', onIn);
    within.removeEventListener('focusout', onOut);
  };
}
