/** The style of a report: system fonts, light and dark, screen and paper. Nothing is told by colour alone. */
import { colorVariables } from './palette.ts';

export const reportStyle = `
${colorVariables}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: clamp(1.25rem, 4vw, 3.5rem) clamp(1rem, 4vw, 2.5rem); max-width: 66rem;
  background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1 { margin: 0; font-size: clamp(1.6rem, 5vw, 2.25rem); line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
h2 { margin: 0 0 1rem; font-size: 1.2rem; line-height: 1.3; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; }
p { margin: 0; max-width: 46rem; text-wrap: pretty; }
header p { margin-top: 0.4rem; color: var(--muted); }
section { margin-top: 3rem; }
.figures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1.25rem 1.5rem;
  margin: 1.75rem 0 0; padding: 1.25rem 0; border: solid var(--line); border-width: 1px 0;
}
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { color: var(--muted); font-size: 0.875rem; }
.figures dd { margin: 0; font-size: 1.5rem; font-weight: 600; line-height: 1.25; letter-spacing: -0.01em; }
figure { margin: 0; min-width: 0; }
figcaption, .note { color: var(--muted); font-size: 0.875rem; }
svg { display: block; width: 100%; height: auto; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 2.25rem 2.5rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0.1rem 0 0.5rem; padding: 0; list-style: none; font-size: 0.875rem; }
.legend svg { display: inline-block; width: 28px; height: 8px; margin-right: 0.4rem; vertical-align: 0.1em; }
.legend b { font-weight: 600; }
.confusion { display: grid; grid-template-columns: minmax(0, 32rem) minmax(14rem, 1fr); gap: 1.5rem 2.5rem; align-items: center; }
.confusion.wide { grid-template-columns: minmax(0, 1fr); }
.confusion p + * { margin-top: 1rem; }
.confusion h3, .confusion li { color: var(--ink); }
.confusion ol { margin: 0.4rem 0 0; padding: 0; list-style: none; max-width: 20rem; }
.confusion li { display: flex; justify-content: space-between; gap: 1rem; padding: 0.3rem 0; border-top: 1px solid var(--line); font-size: 0.9375rem; }
.confusion li > :last-child, .said > :last-child { white-space: nowrap; }
.swatch { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.15em; vertical-align: -0.05em; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.5rem, 1fr)); gap: 1.1rem 0.9rem; margin: 0; padding: 0; list-style: none; }
.pictures + h2, .note + h2, .grid + .grid { margin-top: 2.25rem; }
.pictures img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; border-radius: 3px; background: #000; outline: 1px solid var(--line); }
.pictures .small { image-rendering: pixelated; }
.pictures .wrong img { outline: 3px dashed var(--wrong); outline-offset: 2px; }
.pictures p { margin-top: 0.5rem; font-size: 0.8125rem; line-height: 1.35; color: var(--muted); }
.pictures p.said { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 0.4rem; font-size: 0.9375rem; color: var(--ink); }
.pictures p + p { margin-top: 0; }
.wrong .mark { color: var(--wrong); font-weight: 700; }
.details { display: grid; grid-template-columns: minmax(0, 16rem) minmax(0, 1fr); gap: 3rem 2.5rem; }
.details section { margin-top: 3rem; min-width: 0; }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; }
th, td { padding: 0.35rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; overflow-wrap: anywhere; }
td { padding-right: 1rem; }
th { padding-right: 1.5rem; color: var(--muted); }
.rows { overflow-x: auto; }
.rows th { padding-right: 1rem; }
pre {
  margin: 0; padding: 1rem 1.15rem; overflow-x: auto; border-radius: 4px; background: var(--cell);
  font: 12.5px/1.55 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; tab-size: 2;
}
pre.text { white-space: pre-wrap; max-width: 46rem; }
@media (max-width: 47rem) {
  .confusion, .details { grid-template-columns: minmax(0, 1fr); }
  .details { gap: 0; }
  .confusion ol { max-width: none; }
  .pictures { grid-template-columns: repeat(auto-fill, minmax(4.6rem, 1fr)); }
}
@media print {
  @page { margin: 16mm; }
  body { padding: 0; max-width: none; font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { margin-top: 2rem; }
  .curves { grid-template-columns: 1fr 1fr; gap: 1.5rem; }
  .confusion:not(.wide) { grid-template-columns: 3fr 2fr; }
  h2, h3 { break-after: avoid; }
  figure, .pictures li, tr, .figures { break-inside: avoid; }
  pre { white-space: pre-wrap; }
}
`;
