import type { Alias } from '../api';
import { count, formatCount, formatDay } from '../format';

export type Day = Alias['callsByDay'][number];

const height = 64;
const unit = 10;

/** Calls per day, as a bar for each day; the refused part of a bar is at its foot. */
export function Chart({ days, label }: { days: Day[]; label: string }) {
  const most = Math.max(...days.map(d => d.calls));
  const width = days.length * unit;
  const tall = (calls: number) => calls / Math.max(most, 1) * height;
  return (
    <figure class="chart">
      <div class="most">{count(most, 'call')}</div>
      <svg viewBox={`0 0 ${width} ${height + 1}`} role="group" aria-label={`${label}, by day`} preserveAspectRatio="none">
        <line x1="0" x2={width} y1="0" y2="0" class="axis" />
        {days.map((d, i) => (
          <g key={d.day} role="img">
            <title>{words(d)}</title>
            <rect x={i * unit} y="0" width={unit} height={height} class="day" />
            <rect x={i * unit + 1} y={height - tall(d.calls)} width={unit - 2} height={tall(d.calls)} />
            <rect x={i * unit + 1} y={height - tall(d.refused)} width={unit - 2} height={tall(d.refused)} class="refused" />
          </g>
        ))}
        <line x1="0" x2={width} y1={height} y2={height} class="axis" />
      </svg>
      <figcaption>{days.filter((_, i) => i % 10 === 0).map(d => <span key={d.day}>{formatDay(d.day)}</span>)}<span>Today</span></figcaption>
    </figure>
  );
}

const words = (d: Day): string => `${formatDay(d.day)}: ${count(d.calls, 'call')}${d.refused > 0 ? `, ${formatCount(d.refused)} refused` : ''}`;
