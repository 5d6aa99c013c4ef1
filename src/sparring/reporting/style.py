"""How the pages look, in light or dark."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1b1f24; --quiet: #5b6570; --line: #dde2e8; --box: #f5f7f9; --mark: #fff4d6;
  --c0: #2563eb; --c1: #d9700a; --c2: #0f8a5f; --c3: #c42b4f; --c4: #7c3aed; --c5: #0a86a3; --c6: #8a6d00;
  --c7: #6b7280;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --ink: #e6e9ec; --quiet: #9aa5b1; --line: #30363d; --box: #1c2127; --mark: #3a3113;
    --c0: #79a8ff; --c1: #ffad5c; --c2: #4fd1a1; --c3: #ff7d9c; --c4: #b79bff; --c5: #5cd0ea; --c6: #e0c04d;
    --c7: #aab2bd;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.25rem; margin: 40px 0 12px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 0 0 4px; }
p { margin: 0 0 12px; max-width: 75ch; }
.quiet, figcaption, .legend { color: var(--quiet); font-size: .875rem; }
.note { background: var(--mark); padding: 8px 12px; border-radius: 6px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 20px 0 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
figure { margin: 0; }
figure[hidden] { display: none; }
img { display: block; max-width: 100%; height: auto; border-radius: 4px; background: #fff; }
img.pixels { image-rendering: pixelated; }
.verdict { font-size: 1.125rem; font-weight: 500; margin: 16px 0; }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(46%, 150px), 1fr)); gap: 12px;
  margin: 16px 0;
}
.tiles div { background: var(--box); border-radius: 6px; padding: 10px 14px; }
.tiles dd {
  font-size: 1.4rem; font-weight: 500; line-height: 1.3; margin: 0; font-variant-numeric: tabular-nums;
}
.tiles dd.small { font-size: .8125rem; font-weight: normal; }
nav { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 20px 0 0; font-size: .9375rem; }
a { color: var(--c0); padding: 4px 0; }
section h3 { margin-top: 28px; }
.panels h3, .card h3 { margin-top: 0; }
.beside {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 24px;
  align-items: end;
}
.beside > * { min-width: 0; }
.wipe > div { position: relative; max-width: 640px; }
.wipe > div img { width: 100%; }
.wipe > div div { position: absolute; inset: 0; clip-path: inset(0 calc(100% - var(--share, 50%)) 0 0); }
.wipe > div div img { height: 100%; }
.wipe input {
  display: block; width: 100%; max-width: 640px; height: 36px; margin: 4px 0; accent-color: var(--c0);
}
.kin img { max-width: min(100%, 560px); }
.panels figure { position: relative; }
svg[data-over] { touch-action: pan-y; }
output {
  position: absolute; left: 48px; right: 0; z-index: 1; padding: 2px 6px; border-radius: 4px;
  background: var(--box); border: 1px solid var(--line); font-size: .8125rem; pointer-events: none;
  font-variant-numeric: tabular-nums;
}
.film input {
  display: block; width: 100%; max-width: 640px; height: 36px; margin: 0 0 8px; position: sticky; top: 0;
  accent-color: var(--c0); background: var(--page); z-index: 1;
}
.film figcaption { margin-top: 4px; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 24px; }
.panels > * { min-width: 0; }
.pictures {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); gap: 20px;
  align-items: start;
}
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 11px; font-family: inherit; }
svg .grid { stroke: var(--line); stroke-width: 1; fill: none; }
svg .mark { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 2 3; fill: none; }
svg .curve { stroke-width: 1.5; fill: none; stroke-linejoin: round; stroke-linecap: round; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 16px; }
.cards { align-items: start; margin-bottom: 32px; }
.card { min-width: 0; background: var(--box); border-radius: 6px; padding: 12px 16px 16px; }
.card { border-left: 4px solid var(--c1); }
.card h3 { font-size: 1.05rem; }
.card h3::first-letter { text-transform: uppercase; }
.card dl { margin: 0; }
.card code { display: inline-block; max-width: 100%; }
p.small { margin: 0 0 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; }
p.legend { margin: 0 0 16px; max-width: none; }
.swatch { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin: 0 6px 3px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td {
  text-align: left; vertical-align: top; padding: 5px 20px 5px 0; border-bottom: 1px solid var(--line);
  overflow-wrap: normal;
}
thead th { color: var(--quiet); font-weight: normal; font-size: .8125rem; vertical-align: bottom; }
tbody th { font-weight: 500; position: sticky; left: 0; background: var(--page); }
tr.changed th { background: inherit; position: static; }
.scroll { margin-bottom: 16px; }
.small { display: block; color: var(--quiet); font-size: .8125rem; font-weight: normal; }
.best { font-weight: 700; }
.best::before { content: "* "; }
.range { display: block; color: var(--quiet); font-size: .8125rem; white-space: nowrap; }
.name { display: block; min-width: 9rem; max-width: 26rem; overflow-wrap: anywhere; }
.value { display: block; max-width: 26rem; min-width: 2rem; overflow-wrap: anywhere; }
.time { white-space: nowrap; }
tr.changed { background: var(--mark); }
tr.changed th::before { content: "• "; }
code, pre { font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre.samples {
  margin: 0; max-height: 480px; overflow: auto; white-space: pre-wrap;
  background: var(--box); border-radius: 6px; padding: 10px 12px;
}
pre.command {
  background: var(--box); border: 1px solid var(--line); border-radius: 6px;
  padding: 10px 12px; margin: 0 0 12px;
  white-space: pre-wrap; user-select: all;
}
.k0 { stroke: var(--c0); } .k1 { stroke: var(--c1); } .k2 { stroke: var(--c2); } .k3 { stroke: var(--c3); }
.k4 { stroke: var(--c4); } .k5 { stroke: var(--c5); } .k6 { stroke: var(--c6); } .k7 { stroke: var(--c7); }
.b0 { background: var(--c0); } .b1 { background: var(--c1); } .b2 { background: var(--c2); }
.b3 { background: var(--c3); } .b4 { background: var(--c4); } .b5 { background: var(--c5); }
.b6 { background: var(--c6); } .b7 { background: var(--c7); }
@media (max-width: 600px) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
  table { font-size: .85rem; }
  th, td { padding-right: 10px; }
  .name { min-width: 7rem; }
}
"""

COLOURS = 8
"""Colours for curves: the classes `k0` ... of lines and `b0` ... of the swatches beside their names."""
