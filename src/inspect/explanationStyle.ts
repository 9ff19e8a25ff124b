/** The style of an explanation, over that of a report. */
import { reportStyle } from './reportStyle.ts';

export const explanationStyle = `${reportStyle}
.question { margin: -0.75rem 0 1.25rem; color: var(--muted); }
section > .note { margin-top: 1rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 1rem 0 0; font-size: 0.875rem; }
.facts div { display: flex; gap: 0.4rem; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; font-weight: 600; }
.maps { grid-template-columns: repeat(auto-fit, minmax(min(9rem, 44%), 1fr)); margin-bottom: 1rem; }
.maps img { background: none; }
.maps p { white-space: pre-line; }
.scroll { overflow-x: auto; }
.tokens { font: 15px/1.9 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; margin-bottom: 1rem; overflow-wrap: anywhere; }
.token { padding: 0.2em 0; border-radius: 2px; background: color-mix(in srgb, var(--shade, transparent) var(--strength, 0%), transparent); }
.token i { font-style: normal; color: var(--muted); opacity: 0.55; }
.token.apart { margin-right: 0.35em; padding: 0.2em; }
.token.later { opacity: 0.35; }
.token.chosen { outline: 2px solid var(--ink); font-weight: 700; }
.strongest { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.75rem 0 0; padding: 0; list-style: none; font-size: 0.875rem; }
.strongest code { font: 13px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.choices { display: flex; flex-wrap: wrap; gap: 0.3rem; margin-top: 0.75rem; }
.choices input, .heads input { position: absolute; opacity: 0; }
.choices label { order: 1; padding: 0 0.35em; border: 1px solid var(--line); border-radius: 3px; cursor: pointer; font: 13px/1.7 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.choices .tokens { order: 2; display: none; width: 100%; max-width: none; }
.choices input:checked + label { border-color: var(--ink); font-weight: 700; }
.choices input:checked + label + .tokens { display: block; }
.heads { display: grid; grid-template-columns: auto repeat(var(--heads), minmax(0, 7rem)) 1fr; gap: 6px; align-items: center; margin-top: 0.75rem; }
.heads span { color: var(--muted); font-size: 0.75rem; line-height: 1.2; }
.heads label { cursor: pointer; }
.heads img { display: block; width: 100%; height: auto; aspect-ratio: 1; image-rendering: pixelated; outline: 1px solid var(--line); }
.heads .enlarged { display: none; grid-column: 1 / -1; margin-top: 1rem; }
.heads input:checked + label img { outline: 3px solid var(--wrong); }
.heads input:checked + label + .enlarged { display: block; }
.enlarged .curves { margin-top: 0.5rem; align-items: start; }
.choices input:focus-visible + label, .heads input:focus-visible + label img { outline: 3px solid var(--series-3); }
`;
