import { sha256 } from "../../core/sha256.ts";

/** The look of every page. */
export const STYLE = `
:root{color-scheme:light dark;--sea:#f4f8f7;--card:#fff;--line:#d5e1df;--ink:#10262b;--soft:#48606a;--link:#0a626b;--well:#1b7a4b;--ill:#b02a20;--code:#f8fbfa;--hush:#5a6f76}
@media (prefers-color-scheme:dark){:root{--sea:#0b1518;--card:#111f23;--line:#24383e;--ink:#e4eeed;--soft:#a3b8bd;--link:#74d0d3;--well:#64d39a;--ill:#ff9388;--code:#0d191c;--hush:#8ba2a8}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--sea);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
header,main,footer{max-width:66rem;margin:0 auto;padding:0 1.25rem}
header{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1.5rem;padding-top:1.25rem;padding-bottom:1.25rem}
.name{display:flex;align-items:center;gap:.65rem;font-weight:600;font-size:1.1rem;color:var(--ink);text-decoration:none}
.name img{display:block}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:0;padding:0}
a{color:var(--link);text-underline-offset:.2em;text-decoration-thickness:.06em}
a:hover{text-decoration-thickness:.14em}
:focus-visible{outline:.18rem solid var(--link);outline-offset:.2rem;border-radius:.25rem}
h1,h2{font-family:ui-serif,"Iowan Old Style",Charter,Georgia,"Noto Serif","Liberation Serif",serif;font-weight:500;line-height:1.15;letter-spacing:-.012em;text-wrap:balance}
h1{font-size:clamp(2.1rem,1.4rem + 3.2vw,3.5rem);margin:2.25rem 0 1rem;max-width:17em}
h2{font-size:1.55rem;margin:3.25rem 0 .6rem}
h3{font-size:1rem;margin:0}
p{margin:.6rem 0;max-width:42rem;text-wrap:pretty}
.lead{font-size:1.15rem;color:var(--soft)}
.soft{color:var(--soft)}
.state{display:flex;flex-wrap:wrap;align-items:center;gap:1rem 2.5rem;margin:2rem 0 0;padding:1.1rem 1.4rem;background:var(--card);border:1px solid var(--line);border-radius:.9rem}
.state p{margin:0;display:flex;align-items:center;gap:.7rem;font-size:1.1rem;font-weight:600;color:var(--well)}
.state p::before{content:"";width:.75rem;height:.75rem;border-radius:50%;background:currentColor;flex:none}
.state.ill p{color:var(--ill)}
.state.ill p::before{border-radius:.15rem}
dl{display:flex;flex-wrap:wrap;gap:.75rem 2.25rem;margin:0}
@media (max-width:30rem){dl{display:grid;grid-template-columns:1fr 1fr;gap:.75rem 1rem}dl div:last-child{grid-column:1/-1}}
dt{font-size:.85rem;color:var(--soft);line-height:1.3}
dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:minmax(0,1fr);gap:1.25rem;margin-top:1.5rem}
@media (min-width:60rem){.cards{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}.wide{grid-column:1/-1}}
.cards+p,.links+p{margin-top:1.5rem}
.card{display:flex;flex-direction:column;background:var(--card);border:1px solid var(--line);border-radius:.9rem;overflow:hidden}
.card h3{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;padding:.7rem 1.25rem;border-bottom:1px solid var(--line)}
.card h3 code{font-weight:400;color:var(--soft)}
code,pre{font-family:ui-monospace,SFMono-Regular,"Cascadia Code",Menlo,Consolas,"Liberation Mono",monospace;font-size:.875rem}
pre{flex:1;margin:0;padding:1rem 1.25rem;overflow-x:auto;line-height:1.65;background:var(--code);tab-size:2}
pre:focus-visible{outline-offset:-.18rem;border-radius:0 0 .9rem .9rem}
pre i{font-style:normal;color:var(--hush)}
p code,li p code{overflow-wrap:anywhere}
.links{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13rem),1fr));gap:1.25rem;list-style:none;margin:1.5rem 0 0;padding:0}
.links a{display:block;height:100%;padding:1.1rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:.9rem;text-decoration:none;color:var(--soft)}
.links a:hover{border-color:var(--link)}
.links a:focus-visible{border-radius:.9rem}
.links strong{display:block;color:var(--link)}
.index{display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;list-style:none;margin:1.5rem 0 0;padding:0}
.routes{list-style:none;margin:1rem 0 0;padding:0;background:var(--card);border:1px solid var(--line);border-radius:.9rem}
.routes li{display:grid;grid-template-columns:4.25rem minmax(0,1fr);gap:.1rem .5rem;padding:.6rem 1.25rem}
.routes li+li{border-top:1px solid var(--line)}
.routes b{font-weight:600;color:var(--link)}
.routes code{overflow-wrap:anywhere;line-height:1.7}
.routes p{grid-column:2;margin:0;text-wrap:wrap;color:var(--soft)}
@media (min-width:52rem){.routes li{grid-template-columns:4.25rem minmax(0,1.25fr) minmax(0,1fr)}.routes p{grid-column:auto}}
@media (max-width:30rem){.routes li{display:block}}
.missing{margin:1rem 0 0;padding:0;list-style:none}
.missing li{padding:.6rem 0;border-top:1px solid var(--line)}
.missing p{margin:0;max-width:none}
.missing code{display:inline-block;margin-right:1rem}
footer{margin-top:4rem;padding-top:1.25rem;padding-bottom:2.5rem;color:var(--soft);font-size:.9rem}
footer p{max-width:none}
`;

/** What a Content-Security-Policy calls the style. */
export const STYLE_SOURCE = `'sha256-${base64OfHex(sha256(STYLE))}'`;

function base64OfHex(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  return btoa(bytes.map((byte) => String.fromCharCode(Number.parseInt(byte, 16))).join(""));
}
