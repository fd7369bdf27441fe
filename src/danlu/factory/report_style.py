"""How the report looks: one style sheet, for a phone, a desk and paper, by day and by night.

Cinnabar (丹) marks what was chosen and what went wrong; celadon what went right. Charts take their colours here.
"""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf7;--ink:#23201c;--soft:#6b665e;--line:#e2ddd3;--track:#efebe3;
--main:#ad3323;--band:#e9b9ae;--calm:#2d6c69;--shade:rgba(90,75,50,.06);
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","PingFang SC","Hiragino Sans GB","Microsoft YaHei",
"Noto Sans CJK SC","Noto Sans SC",sans-serif;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"Noto Serif","Songti SC","Noto Serif CJK SC","Noto Serif SC",
"Source Han Serif SC","Microsoft YaHei",Georgia,serif;
--mono:ui-monospace,"SF Mono",Consolas,"Liberation Mono",Menlo,"Noto Sans Mono CJK SC",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#171614;--ink:#e9e5dd;--soft:#a49d92;--line:#36332e;--track:#292622;
--main:#ea7a64;--band:#6b372d;--calm:#6db0aa;--shade:rgba(255,240,215,.05)}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.65 var(--sans);font-variant-numeric:tabular-nums;
overflow-wrap:break-word}
.page{max-width:760px;margin:0 auto;padding:28px 20px 64px}
nav{display:none}
bdi{unicode-bidi:isolate}
h1,h2{font-family:var(--serif);font-weight:600;line-height:1.25;text-wrap:balance}
h1{font-size:2.25rem;margin:.1em 0 .25em;overflow-wrap:anywhere}
h2{font-size:1.45rem;margin:0 0 .5rem}
h3{font-size:.95rem;font-weight:600;margin:1.9rem 0 .6rem}
p{margin:.5rem 0;text-wrap:pretty}
a{color:inherit}
section{border-top:1px solid var(--line);margin-top:3.2rem;padding-top:1.8rem;scroll-margin-top:1rem}
.brand{display:flex;justify-content:space-between;gap:1rem;color:var(--soft);font-size:.85rem;letter-spacing:.02em}
.brand b{color:var(--main);font-weight:600}
.lead{color:var(--soft);max-width:40em;margin:0 0 1.3rem}
.note,.about,.keys,.row .note{color:var(--soft);font-size:.85rem;line-height:1.5}
.chips{display:flex;flex-wrap:wrap;gap:.35rem;margin:.8rem 0 0;padding:0;list-style:none;
font-size:.85rem;line-height:1.4}
.chips li{border:1px solid var(--line);border-radius:4px;padding:.1rem .5rem;max-width:100%;overflow-wrap:anywhere}
.chips .rest{border-color:transparent;color:var(--soft);padding-left:.1rem}
.hero{margin:2rem 0 1.6rem}
.big{font-variant-numeric:proportional-nums;font-size:4.6rem;font-weight:300;line-height:1;letter-spacing:-.035em;margin:0}
.big small{font-size:.45em;font-weight:400;letter-spacing:0;margin-left:.06em}
.cap{color:var(--soft);font-size:.9rem;margin:.45rem 0 1.1rem}
.trust{font-family:var(--serif);font-size:1.2rem;line-height:1.55;margin:0;max-width:34em;text-wrap:pretty}
.facts{display:grid;grid-template-columns:1fr 1fr;gap:0 1.6rem;margin:1.8rem 0 0}
.facts div{border-top:1px solid var(--line);padding:.55rem 0 .7rem;min-width:0}
dt{color:var(--soft);font-size:.82rem;line-height:1.4}
dd{margin:0;font-size:1.1rem;line-height:1.4;overflow-wrap:anywhere}
dd small{color:var(--soft);font-size:.8rem;display:block}
.ends{justify-content:space-between;margin-top:.35rem}
.tag.too_big{color:var(--soft)}
.list{margin:1rem 0}
.list div{display:grid;grid-template-columns:9.5em 1fr;gap:0 1rem;padding:.38rem 0;border-top:1px solid var(--line)}
.list dt,.list dd{font-size:.9rem;line-height:1.55}
ul.plain{margin:.4rem 0;padding:0;list-style:none}
ul.plain li{position:relative;padding:.3rem 0 .3rem 1.15rem;max-width:42em}
ul.plain li::before{content:"";position:absolute;left:0;top:1rem;width:7px;height:2px;background:var(--line)}
.warn{margin:1.8rem 0 0;padding:.8rem 1.1rem .9rem;border-left:3px solid var(--main);background:var(--shade)}
.warn h2{font:600 .9rem/1.5 var(--sans);color:var(--main);margin:0 0 .2rem}
.warn ul{margin:0}
.warn ul.plain li{padding-top:.2rem;padding-bottom:.2rem;font-size:.95rem}
.warn ul.plain li::before{top:.92rem;background:var(--band)}
svg{display:block;overflow:visible}
text{font:12px var(--sans);fill:var(--soft)}
text.strong{font-size:13px;fill:var(--ink)}
text.faint{font-size:11px}
.track{fill:var(--track)}.fill{fill:var(--soft);fill-opacity:.55}
.fill.hot{fill:var(--main);fill-opacity:1}.fill.calm{fill:var(--calm);fill-opacity:1}.fill.thin{fill-opacity:.25}
.band{fill:var(--band)}.value{stroke:var(--main);stroke-width:3;stroke-linecap:round}
.base,.limit{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
.grid{stroke:var(--line);stroke-width:1}
.reach{stroke:var(--soft);stroke-width:3;stroke-linecap:round;stroke-opacity:.5}
.reach.hot{stroke:var(--main)}
circle{fill:var(--soft);stroke:var(--paper);stroke-width:2}
circle.hot{fill:var(--main)}
circle.off{fill:var(--paper);stroke:var(--soft);stroke-width:1.5}
.curve{stroke:var(--main);stroke-width:2;stroke-linecap:round}
.curve.off{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:1 4}
.reference{stroke:var(--calm);stroke-width:1.5;stroke-dasharray:6 4}
.beyond{fill:var(--shade)}
circle.dot{fill:var(--paper);stroke:var(--ink);stroke-width:1.3}
circle.dot.hot{fill:var(--main);stroke:var(--paper)}
circle.dot.off{stroke:var(--soft);stroke-dasharray:2 2}
text.inside{fill:var(--ink);font-size:11px}
text.inside.hot{fill:var(--paper);font-weight:600}
text.inside.off{fill:var(--soft)}
.plot{padding:10px 8px 0 46px}
.plot.square{max-width:430px}
circle.point{fill:var(--main);fill-opacity:.42;stroke:none}
.panels{display:grid;gap:2rem}
.panels h3{margin:.2rem 0 .6rem}
.keys{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.7rem 0 1rem}
.keys span{display:inline-flex;align-items:center;gap:.45rem}
.keys svg{width:22px;flex:none}
.rows{margin:1rem 0}
.row{display:grid;grid-template-columns:1fr auto;grid-template-areas:"name value" "pic pic";gap:.3rem 1rem;
align-items:baseline;padding:.55rem 0}
.row .name{grid-area:name;min-width:0;overflow-wrap:anywhere;line-height:1.4}
.row .note{display:block;line-height:1.4}
.row .pic{grid-area:pic;align-self:center;min-width:0}
.row .value{grid-area:value;text-align:right;white-space:nowrap;line-height:1.4}
.row .value small{color:var(--soft);font-size:.82rem;margin-left:.5em}
.row.hot .name{font-weight:600}.row.hot .note{font-weight:400}
.row.axis{padding:0}
.tag{display:inline-block;border:1px solid currentColor;border-radius:3px;color:var(--main);font-size:.72rem;
font-weight:600;line-height:1.4;padding:0 .35rem;vertical-align:.1em;white-space:nowrap}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.88rem;line-height:1.4}
th{word-break:keep-all;color:var(--soft);font-weight:400;font-size:.8rem;text-align:right;vertical-align:bottom;
padding:.3rem 0 .35rem .7rem;border-bottom:1px solid var(--line)}
td{text-align:right;padding:.4rem 0 .4rem .7rem;border-bottom:1px solid var(--line);vertical-align:middle;
white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0;overflow-wrap:anywhere;white-space:normal}
tr.hot td{font-weight:600}
table.bars{table-layout:fixed}
.bars th{font-size:.74rem;white-space:nowrap}.bars th:nth-child(1){width:38%}.bars th:nth-child(2){width:15%}
.bars th+th,.bars td+td{padding-left:.4rem}
.left2 td:nth-child(2),.left2 th:nth-child(2){text-align:left;white-space:normal;overflow-wrap:anywhere}
code,pre{font-family:var(--mono);font-size:.84rem}
pre{background:var(--shade);border-radius:5px;padding:.9rem 1rem;white-space:pre-wrap;
overflow-wrap:anywhere;line-height:1.6;margin:.6rem 0}
td code{font-size:.78rem}
td small{color:var(--soft)}
.heat{display:grid;grid-template-columns:minmax(84px,32%) 1fr;gap:.7rem;margin:1.2rem 0 .6rem}
.sides{padding-top:18px;min-width:0;font-size:.8rem}
.sides div{display:flex;align-items:center;gap:.5em;min-width:0}
.sides b{font-weight:400;color:var(--soft);font-size:11px;min-width:1.4em;text-align:right}
.sides bdi{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
.cell{stroke:var(--paper);stroke-width:1.5}
.right{fill:var(--calm)}.wrong{fill:var(--main)}
text.count{fill:var(--ink);font-size:11px;pointer-events:none}text.over{fill:var(--paper)}
ol.texts{list-style:none;margin:1rem 0 .4rem;padding:0}
ol.texts li{border-top:1px solid var(--line);padding:.6rem 0 .65rem;break-inside:avoid}
.said{line-height:1.55;overflow-wrap:anywhere}
.about{display:flex;justify-content:space-between;gap:1rem;margin-top:.1rem}
.about span:first-child{min-width:0;overflow-wrap:anywhere}
.about b{font-weight:600;color:var(--ink)}
.about i{font-style:normal;color:var(--main)}
mark{background:var(--tone,var(--track));color:inherit;border-radius:3px;padding:.05em .2em;
box-decoration-break:clone;-webkit-box-decoration-break:clone}
mark sub{font-size:.68em;color:var(--soft);margin-left:.3em;vertical-align:baseline}
.t0{--tone:rgba(173,51,35,.16)}.t1{--tone:rgba(45,108,105,.2)}.t2{--tone:rgba(190,140,20,.22)}
.t3{--tone:rgba(70,90,170,.18)}.t4{--tone:rgba(130,70,150,.18)}.t5{--tone:rgba(90,130,40,.2)}
mark.wrong{background:none;box-shadow:inset 0 0 0 1px var(--main);text-decoration:line-through var(--main)}
mark.missed{background:none;border-bottom:2px dotted var(--main);border-radius:0}
details{margin:.6rem 0}
summary{cursor:pointer;color:var(--soft);font-size:.9rem;padding:.4rem 0}
summary:focus-visible,a:focus-visible{outline:2px solid var(--main);outline-offset:3px}
footer{border-top:1px solid var(--line);margin-top:3.4rem;padding-top:1.1rem;color:var(--soft);font-size:.83rem}
@media (max-width:559px){.bars th:nth-child(7),.bars td:nth-child(7){display:none}
.bars th{font-size:.72rem;white-space:nowrap}
.dense text.count{display:none}.dense text.even{display:none}
.heat.dense{grid-template-columns:40% 1fr}
.list div{grid-template-columns:7.5em 1fr}}
@media (min-width:560px){.page{padding:44px 32px 80px}h1{font-size:2.9rem}.big{font-size:6rem}
.facts{grid-template-columns:repeat(3,1fr)}
.hero{display:grid;grid-template-columns:auto minmax(0,1fr);gap:2.8rem;align-items:center}
.hero .cap{max-width:15em;margin-bottom:0}
.panels{grid-template-columns:1fr 1fr;gap:1.4rem}
.row{grid-template-columns:212px 1fr minmax(150px,auto);grid-template-areas:"name pic value";gap:0 1.4rem;
padding:.4rem 0;align-items:center}
.bars th:nth-child(1){width:31%}.bars th:nth-child(2){width:24%}}
@media (min-width:1080px){.page{max-width:1040px;display:grid;
grid-template-columns:176px minmax(0,1fr);column-gap:72px}
nav{display:block;position:sticky;top:44px;align-self:start;max-height:calc(100vh - 88px);overflow:auto;
font-size:.85rem;line-height:1.45}
nav a{display:block;padding:.28rem 0;color:var(--soft);text-decoration:none}nav a:hover{color:var(--main)}
nav b{display:block;color:var(--main);margin-bottom:.6rem}main{min-width:0}}
@media print{:root{--paper:#fff;--ink:#111;--soft:#555;--line:#ccc;--track:#eee;--main:#9c2c1e;--band:#e9b9ae;
--calm:#2d6c69;--shade:rgba(0,0,0,.04)}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:11pt}.page{display:block;max-width:none;padding:0}nav{display:none}section{margin-top:1.6rem;
padding-top:1rem}h2,h3,.lead{break-after:avoid}.row,.plot,.heat,tr,pre,.warn{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto;display:block}summary{display:none}@page{margin:18mm}}
"""
