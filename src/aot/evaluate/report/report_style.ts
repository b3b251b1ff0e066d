/** The look of the report: plain, legible, light and dark, and fit to print. */
export const REPORT_STYLE: string = `
:root {
  color-scheme: light dark;
  --ink: #1c2430;
  --soft: #5b6675;
  --line: #dfe4ea;
  --paper: #fff;
  --card: #f6f8fa;
  --good: #2f7d4f;
  --bad: #b3402e;
  --accent: #2c62b5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ee;
    --soft: #9aa6b5;
    --line: #333c48;
    --paper: #14181e;
    --card: #1c222b;
    --good: #6cc48d;
    --bad: #ef8a78;
    --accent: #7fb0ff;
  }
}
* { box-sizing: border-box }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px }
h1 { font-size: 26px; margin: 0 0 4px }
h2 { font-size: 21px; margin: 56px 0 8px; padding-top: 24px; border-top: 1px solid var(--line) }
h3 { font-size: 15px; margin: 0 0 2px }
p.note { color: var(--soft); margin: 0 0 10px; font-size: 13px; max-width: 75ch }
.facts { color: var(--soft); font-size: 13px; margin: 0 0 12px }
.facts b { color: var(--ink); font-weight: 600 }
.cards {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(112px, 1fr));
  gap: 12px;
  margin: 16px 0;
}
.card {
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 8px;
  padding: 10px 14px;
}
.card .value { font-size: 23px; font-weight: 650; font-variant-numeric: tabular-nums }
.card .label { color: var(--soft); font-size: 12px; line-height: 1.35 }
.card.good .value { color: var(--good) }
.card.bad .value { color: var(--bad) }
.grid {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(440px, 1fr));
  gap: 28px;
  margin: 24px 0;
}
.panel { min-width: 0; overflow-x: auto }
.wide { margin: 28px 0 }
figure { margin: 0 }
svg { max-width: 100%; height: auto; overflow: visible }
.panel svg text { fill: currentColor }
.panel svg[class$='-ramp'] { margin-left: 12px }
table {
  border-collapse: collapse;
  font-size: 13px;
  width: 100%;
  font-variant-numeric: tabular-nums;
}
th {
  text-align: left;
  color: var(--soft);
  font-weight: 600;
  border-bottom: 1px solid var(--line);
  padding: 4px 12px 4px 0;
}
td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.number, th.number { text-align: right }
.keys td:first-child { width: 1%; white-space: nowrap }
code { font: 12px/1.45 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere }
.warning {
  border-left: 3px solid var(--bad);
  padding: 4px 12px;
  margin: 6px 0;
  background: var(--card);
}
.swatch {
  display: inline-block;
  width: 11px;
  height: 11px;
  border-radius: 3px;
  margin-right: 6px;
  vertical-align: -1px;
}
td { max-width: 460px }
.values { display: flex; flex-wrap: wrap; gap: 2px 16px }
.values > div { display: flex; align-items: center; gap: 6px; white-space: nowrap }
.bar { display: inline-block; height: 9px; border-radius: 2px; background: var(--accent); opacity: 0.75 }
details { margin: 12px 0 }
summary { cursor: pointer; color: var(--accent) }
@media print { main { max-width: none } .panel, .card, table { break-inside: avoid } }
`
