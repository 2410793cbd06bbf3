/** A span of days, and how many calls there were on them. */
export interface Span { name: string; days: number; calls: number }

const height = 64;

/** Calls per day, as bars over the days: each as wide as its days, and as high as a day of them had calls. */
export function Chart({ spans, label }: { spans: Span[]; label: string }) {
  const all = spans.reduce((sum, s) => sum + s.days, 0);
  const most = Math.max(...spans.map(s => s.calls / s.days), 1);
  const unit = 300 / all;
  let x = 0;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 300 ${height + 2}`} role="img" aria-label={`${label}: ${spans.map(s => `${s.name} ${perDay(s)} a day`).join(', ')}`} preserveAspectRatio="none">
        <line x1="0" x2="300" y1={height + 1} y2={height + 1} class="axis" />
        {spans.map(s => {
          const bar = s.calls / s.days / most * height;
          const at = x;
          x += s.days * unit;
          return <rect key={s.name} x={at + 0.5} y={height + 1 - bar} width={s.days * unit - 1} height={bar}><title>{s.name}: {perDay(s)} a day</title></rect>;
        })}
      </svg>
      <figcaption>{spans.map(s => <span key={s.name}>{s.name} <b>{perDay(s)}</b></span>)}</figcaption>
    </figure>
  );
}

const perDay = (s: Span): string => (s.calls / s.days).toLocaleString(undefined, { maximumFractionDigits: 1 });
