// (who, turn, width, height) -> base64 of one I420 frame of a drawn person before a camera. `turn` is 0 to 1, once
// around: the head moves a little. BT.601, limited range, as YUV4MPEG2 readers expect.
const [who, turn, width, height] = arguments;

const LOOKS = {
  ann: {
    wall: ["#f3ece2", "#dccfbe"],
    skin: ["#f6cdb2", "#e5ab8b"],
    shade: "#c98566",
    lips: "#c4605c",
    hair: ["#6b4430", "#432719"],
    shine: "#8f6146",
    shirt: ["#4d74a8", "#37567f"],
    seam: "#2f4b70",
    eyes: "#5b4330",
  },
  bob: {
    wall: ["#dfe6ea", "#b9c6ce"],
    skin: ["#d9a07a", "#bd8059"],
    shade: "#98613f",
    lips: "#a65b4c",
    hair: ["#33291f", "#1a1410"],
    shine: "#54463a",
    shirt: ["#5d8a6a", "#42684f"],
    seam: "#385a44",
    eyes: "#3a2a1e",
  },
};

const gradient = (id, [from, to], x2 = 0, y2 = 1) =>
  `<linearGradient id="${id}" x1="0" y1="0" x2="${x2}" y2="${y2}">
     <stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient>`;

const defs = (look) => `<defs>
  ${gradient("wall", look.wall, 1, 1)}
  ${gradient("skin", look.skin, 0.9, 1)}
  ${gradient("hair", look.hair)}
  ${gradient("shirt", look.shirt)}
  <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#bfe0f5"/><stop offset="1" stop-color="#f4fbff"/></linearGradient>
  <radialGradient id="glow"><stop offset="0" stop-color="#fff3d6" stop-opacity="0.95"/>
    <stop offset="1" stop-color="#fff3d6" stop-opacity="0"/></radialGradient>
  <radialGradient id="blush"><stop offset="0" stop-color="#e2725f" stop-opacity="0.34"/>
    <stop offset="1" stop-color="#e2725f" stop-opacity="0"/></radialGradient>
  <filter id="far" x="-5%" y="-5%" width="110%" height="110%"><feGaussianBlur stdDeviation="7"/></filter>
  <filter id="soft" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="9"/></filter>
  <clipPath id="neck"><path d="M588 380 L692 380 L698 500 Q640 545 582 500 Z"/></clipPath>
  <clipPath id="face"><path d="${FACE}"/></clipPath>
</defs>`;

const FACE =
  "M532 285 C532 205 574 160 640 160 C706 160 748 205 748 285 C748 345 735 386 704 417 C684 437 662 449 640 449 " +
  "C618 449 596 437 576 417 C545 386 532 345 532 285 Z";

const backgrounds = {
  ann: `<rect width="1280" height="720" fill="url(#wall)"/><g filter="url(#far)">
    <rect x="70" y="40" width="330" height="430" rx="6" fill="#fffdf8"/>
    <rect x="90" y="60" width="290" height="390" fill="url(#sky)"/>
    <path d="M90 380 C150 330 200 350 240 372 C290 340 340 345 380 366 L380 450 L90 450 Z" fill="#a9cfa4"/>
    <path d="M90 410 C160 390 230 400 380 396 L380 450 L90 450 Z" fill="#8bbd8a"/>
    <rect x="228" y="60" width="14" height="390" fill="#fffdf8"/><rect x="90" y="240" width="290" height="12" fill="#fffdf8"/>
    <path d="M40 20 L110 20 C100 200 96 330 104 500 L40 500 Z" fill="#e9dcc9"/>
    <rect x="930" y="330" width="350" height="14" fill="#b98c62"/>
    <rect x="960" y="236" width="26" height="94" fill="#c9614f"/><rect x="988" y="222" width="30" height="108" fill="#3f6c8f"/>
    <rect x="1020" y="246" width="22" height="84" fill="#e3b04f"/><rect x="1044" y="230" width="34" height="100" fill="#6f8f72"/>
    <path d="M1140 330 L1150 262 L1214 262 L1224 330 Z" fill="#d98d62"/>
    <path d="M1182 262 C1150 200 1110 190 1096 206 C1110 236 1146 258 1182 262 Z" fill="#5d9463"/>
    <path d="M1182 262 C1200 190 1248 170 1262 190 C1258 226 1220 254 1182 262 Z" fill="#4c8153"/>
    <path d="M1182 262 C1166 190 1178 140 1196 130 C1214 160 1206 220 1182 262 Z" fill="#6ba671"/>
    <rect x="940" y="96" width="150" height="108" fill="#fffaf2"/><circle cx="1015" cy="150" r="34" fill="#efc38a"/>
  </g>`,
  bob: `<rect width="1280" height="720" fill="url(#wall)"/><g filter="url(#far)">
    <rect x="0" y="70" width="420" height="650" fill="#a9825c"/>
    ${[88, 242, 396, 550].map((y) => `<rect x="16" y="${y}" width="388" height="136" fill="#8a6848"/>`).join("")}
    ${[
      [30, 110, 30, 114, "#c7594b"], [62, 122, 24, 102, "#e1b152"], [88, 104, 36, 120, "#37648a"], [126, 118, 26, 106, "#e9e1d2"],
      [154, 108, 30, 116, "#6f9274"], [250, 130, 90, 94, "#d8cdbb"], [30, 264, 40, 114, "#46617e"], [72, 276, 28, 102, "#b9cbb3"],
      [102, 258, 26, 120, "#cf7d54"], [210, 262, 30, 116, "#7c5a86"], [242, 272, 34, 106, "#e8d3a2"], [278, 260, 28, 118, "#547f86"],
      [30, 420, 30, 112, "#e0c9a6"], [62, 410, 36, 122, "#5c7f62"], [100, 424, 24, 108, "#b9503f"], [300, 416, 32, 116, "#37648a"],
      [334, 428, 30, 104, "#e1b152"],
    ].map(([x, y, w, h, fill]) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}"/>`).join("")}
    <circle cx="1080" cy="210" r="230" fill="url(#glow)"/>
    <path d="M1030 150 L1130 150 L1160 250 L1000 250 Z" fill="#fff2d4"/><rect x="1074" y="250" width="12" height="300" fill="#6b5a4a"/>
    <rect x="900" y="550" width="380" height="20" fill="#9a7450"/>
    <rect x="800" y="90" width="120" height="160" fill="#f8f6f1"/><path d="M812 238 L850 180 L878 212 L894 196 L908 238 Z" fill="#88a9b8"/>
  </g>`,
};

const eye = (x, look) => `
  <path d="M${x - 21} 296 Q${x} 276 ${x + 21} 296 Q${x} 310 ${x - 21} 296 Z" fill="#fffdfa"/>
  <circle cx="${x}" cy="293.5" r="10.5" fill="${look.eyes}"/><circle cx="${x}" cy="293.5" r="5.2" fill="#120c08"/>
  <circle cx="${x - 3.6}" cy="289.5" r="2.8" fill="#fff"/>`;

const features = (look) => `
  <circle cx="578" cy="352" r="42" fill="url(#blush)"/><circle cx="702" cy="352" r="42" fill="url(#blush)"/>
  ${eye(594, look)}${eye(686, look)}
  <path d="M640 300 C636 326 626 342 626 352 C628 362 652 362 656 354" fill="none" stroke="${look.shade}" stroke-width="5"
    stroke-linecap="round" stroke-linejoin="round" opacity="0.75"/>`;

const lid = (x, side, color) =>
  `<path d="M${x - 23} 297 Q${x} 270 ${x + 23} 296 ${side}" fill="none" stroke="${color}" stroke-width="5.5" stroke-linecap="round"/>`;

const smile = (look) => `
  <path d="M594 384 Q640 396 686 384 Q676 424 640 425 Q604 424 594 384 Z" fill="${look.lips}"/>
  <path d="M602 389 Q640 399 678 389 Q672 407 640 408 Q608 407 602 389 Z" fill="#fffdf9"/>
  <path d="M590 382 q-3 -3 -4 -7 M690 382 q3 -3 4 -7" stroke="${look.shade}" stroke-width="4" stroke-linecap="round" opacity="0.7"/>`;

const neck = `
  <path d="M588 380 L692 380 L700 520 Q640 580 580 520 Z" fill="url(#skin)"/>
  <g clip-path="url(#neck)"><ellipse cx="640" cy="420" rx="96" ry="58" fill="#000" opacity="0.2" filter="url(#soft)"/></g>`;

const people = {
  ann: (look, head) => `
    <g transform="${head}"><path d="M640 104 C520 98 470 190 478 312 C482 392 446 440 458 572 C520 590 600 556 606 500 L676 500
      C682 556 762 590 822 572 C834 440 798 392 802 312 C810 190 760 98 640 104 Z" fill="url(#hair)"/></g>
    <path d="M258 720 C270 616 346 572 496 532 C540 521 556 512 562 500 Q640 600 718 500 C724 512 740 521 784 532
      C934 572 1010 616 1022 720 Z" fill="url(#shirt)"/>
    <path d="M404 720 C396 674 392 644 396 612 M876 720 C884 674 888 644 884 612" stroke="${look.seam}" stroke-width="5" fill="none" opacity="0.6"/>
    ${neck}
    <path d="M566 498 Q640 596 714 498 L730 506 Q640 628 550 506 Z" fill="${look.seam}"/>
    <g transform="${head}">
      <ellipse cx="531" cy="305" rx="17" ry="27" fill="url(#skin)"/><ellipse cx="749" cy="305" rx="17" ry="27" fill="url(#skin)"/>
      <path d="${FACE}" fill="url(#skin)"/>
      <g clip-path="url(#face)"><path d="M520 150 L760 150 L760 262 C720 240 700 214 690 196 C640 236 576 250 520 262 Z" fill="#7a3d22" opacity="0.28" filter="url(#soft)"/></g>
      ${features(look)}${smile(look)}
      ${lid(594, "", "#3a2318")}${lid(686, "", "#3a2318")}
      <path d="M570 258 Q592 244 618 254 M662 254 Q688 244 710 258" stroke="#4b2d1e" stroke-width="7" fill="none" stroke-linecap="round"/>
      <path d="M524 322 C506 210 548 128 640 124 C736 122 774 208 756 322 C752 282 734 236 694 192 C654 232 590 246 556 248 C540 268 530 292 524 322 Z" fill="url(#hair)"/>
      <path d="M560 196 C590 160 640 146 690 156 M540 236 C546 214 554 202 566 190" stroke="${look.shine}" stroke-width="9" fill="none" stroke-linecap="round" opacity="0.55"/>
      <circle cx="529" cy="338" r="6" fill="#f2d58a"/><circle cx="751" cy="338" r="6" fill="#f2d58a"/>
    </g>`,
  bob: (look, head) => `
    <path d="M238 720 C248 616 334 568 488 530 C545 514 562 506 570 490 Q640 570 710 490 C718 506 735 514 792 530
      C946 568 1032 616 1042 720 Z" fill="url(#shirt)"/>
    <path d="M392 720 C384 672 380 642 384 610 M888 720 C896 672 900 642 896 610" stroke="${look.seam}" stroke-width="5" fill="none" opacity="0.6"/>
    ${neck}
    <path d="M570 484 C560 510 556 540 566 572 L632 590 L640 566 Q600 540 584 500 Z" fill="${look.seam}"/>
    <path d="M710 484 C720 510 724 540 714 572 L648 590 L640 566 Q680 540 696 500 Z" fill="${look.seam}"/>
    <path d="M640 588 L640 720" stroke="${look.seam}" stroke-width="5"/><circle cx="640" cy="640" r="6" fill="#e8efe9"/>
    <g transform="${head}">
      <ellipse cx="529" cy="305" rx="19" ry="30" fill="url(#skin)"/><ellipse cx="751" cy="305" rx="19" ry="30" fill="url(#skin)"/>
      <path d="${FACE}" fill="url(#skin)"/>
      <g clip-path="url(#face)">
        <path d="M520 312 C544 330 552 368 574 378 C600 366 622 366 640 372 C658 366 680 366 706 378 C728 368 736 330 760 312 L760 470 L520 470 Z" fill="url(#hair)" opacity="0.9"/>
        <path d="M520 150 L760 150 L760 226 C700 214 580 214 520 226 Z" fill="#5a3216" opacity="0.28" filter="url(#soft)"/>
      </g>
      ${features(look)}
      <path d="M598 392 Q640 402 682 392 Q674 424 640 425 Q606 424 598 392 Z" fill="${look.lips}"/>
      <path d="M605 396 Q640 404 675 396 Q668 410 640 411 Q612 410 605 396 Z" fill="#fffdf9"/>
      ${lid(594, "", "#20160f")}${lid(686, "", "#20160f")}
      <path d="M566 254 Q592 238 620 250 M660 250 Q688 238 714 254" stroke="#241a12" stroke-width="10" fill="none" stroke-linecap="round"/>
      <path d="M524 286 C512 176 560 116 640 112 C724 110 770 176 756 286 C750 258 742 236 726 214 C690 226 610 222 566 204 C546 224 532 254 524 286 Z" fill="url(#hair)"/>
      <path d="M556 170 C586 142 640 132 690 142" stroke="${look.shine}" stroke-width="9" fill="none" stroke-linecap="round" opacity="0.6"/>
      <g fill="rgb(255 255 255 / 14%)" stroke="#2b2f36" stroke-width="6">
        <rect x="557" y="266" width="72" height="56" rx="24"/><rect x="651" y="266" width="72" height="56" rx="24"/>
        <path d="M629 288 Q640 280 651 288 M557 284 L530 278 M723 284 L750 278" fill="none"/></g>
    </g>`,
};

const angle = turn * 2 * Math.PI;
const head = `rotate(${1.3 * Math.sin(angle)} 640 470) translate(${3 * Math.sin(angle)} ${2 * Math.cos(2 * angle)})`;
const side = who === "ann" ? -10 : 20;
const look = LOOKS[who];
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 1280 720">
  ${defs(look)}${backgrounds[who]}<g transform="translate(${side} ${14 + 1.5 * Math.sin(angle)})">${people[who](look, head)}</g></svg>`;

const image = new Image();
image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
await image.decode();
const canvas = new OffscreenCanvas(width, height);
const context = canvas.getContext("2d", { willReadFrequently: true });
context.drawImage(image, 0, 0);
const { data } = context.getImageData(0, 0, width, height);

const frame = new Uint8Array((width * height * 3) / 2);
const luma = (at) => 16 + (65.481 * data[at] + 128.553 * data[at + 1] + 24.966 * data[at + 2]) / 255;
for (let pixel = 0; pixel < width * height; pixel++) frame[pixel] = Math.round(luma(4 * pixel));
let [cb, cr] = [width * height, (width * height * 5) / 4];
for (let y = 0; y < height; y += 2) {
  for (let x = 0; x < width; x += 2) {
    const corners = [0, 4, 4 * width, 4 * width + 4].map((offset) => 4 * (y * width + x) + offset);
    const [r, g, b] = [0, 1, 2].map((part) => corners.reduce((sum, at) => sum + data[at + part], 0) / 1020);
    frame[cb++] = Math.round(128 - 37.797 * r - 74.203 * g + 112 * b);
    frame[cr++] = Math.round(128 + 112 * r - 93.786 * g - 18.214 * b);
  }
}
return frame.toBase64();
