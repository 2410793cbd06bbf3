import { options } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Whether the view is being printed: what is drawn for that is there before the browser looks at it. */
export function usePaper(): boolean {
  const [paper, setPaper] = useState(false);
  useEffect(() => {
    const on = (e: Event) => {
      const usual = options.debounceRendering;
      options.debounceRendering = draw => draw();
      setPaper(e.type === 'beforeprint');
      options.debounceRendering = usual;
    };
    addEventListener('beforeprint', on);
    addEventListener('afterprint', on);
    return () => {
      removeEventListener('beforeprint', on);
      removeEventListener('afterprint', on);
    };
  }, []);
  return paper;
}
