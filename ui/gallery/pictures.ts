/** Streams that look a little like people before cameras, drawn on a canvas. */

export interface Look {
  wall: [string, string];
  shirt: string;
  skin: string;
  hair: string;
}

export const ANN: Look = { wall: ["#cdd9e4", "#8fa5b8"], shirt: "#3d5a80", skin: "#e0ac8a", hair: "#4a2f23" };
export const BOB: Look = { wall: ["#e9dcc6", "#b99f7a"], shirt: "#4f6b4a", skin: "#c98f6b", hair: "#1f1a17" };
export const LI: Look = { wall: ["#d8d3e6", "#9b92b8"], shirt: "#7a3b52", skin: "#eabf9f", hair: "#15110f" };

/** One of many, each a little different. */
export function look(n: number): Look {
  const hue = (n * 67) % 360;
  const skins = ["#e0ac8a", "#c98f6b", "#eabf9f", "#8d5a3b", "#f1c9a5", "#6f4630"];
  const hairs = ["#1f1a17", "#4a2f23", "#15110f", "#8a6a3f", "#2b2b2b"];
  return {
    wall: [`hsl(${hue} 28% 84%)`, `hsl(${(hue + 20) % 360} 22% 60%)`],
    shirt: `hsl(${(hue + 150) % 360} 32% 38%)`,
    skin: skins[n % skins.length] ?? "",
    hair: hairs[n % hairs.length] ?? "",
  };
}

const kept: MediaStream[] = [];

export function portrait(look: Look, width = 1280, height = 720): MediaStream {
  return drawn(width, height, (c, ms) => {
    const wall = c.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, look.wall[0]);
    wall.addColorStop(1, look.wall[1]);
    c.fillStyle = wall;
    c.fillRect(0, 0, width, height);
    c.fillStyle = "rgb(255 255 255 / 35%)";
    c.fillRect(width * 0.06, height * 0.08, width * 0.2, height * 0.5);
    const x = width * (0.53 + 0.01 * Math.sin(ms / 900));
    const r = height * 0.17;
    const y = height * 0.4;
    c.fillStyle = look.hair;
    ellipse(c, x, y - r * 0.2, r * 1.12, r * 1.2);
    c.fillStyle = look.shirt;
    ellipse(c, x, height * 1.02, r * 2.5, r * 2.35);
    c.fillStyle = look.skin;
    c.fillRect(x - r * 0.36, y + r * 0.6, r * 0.72, r * 0.9);
    ellipse(c, x, y + r * 0.08, r * 0.86, r * 1.06);
    c.fillStyle = look.hair;
    ellipse(c, x, y - r * 0.72, r * 0.86, r * 0.48);
  });
}

export function screen(title = "Quarterly plan", accent = "#5566dd"): MediaStream {
  return drawn(1920, 1080, (c) => {
    c.fillStyle = "#fbfbfd";
    c.fillRect(0, 0, 1920, 1080);
    c.fillStyle = "#e8eaf2";
    c.fillRect(0, 0, 1920, 64);
    c.fillRect(0, 64, 320, 1016);
    c.fillStyle = "#30343f";
    c.font = "600 44px sans-serif";
    c.fillText(title, 400, 170);
    c.fillStyle = "#c3c8d6";
    for (let line = 0; line < 11; line++) c.fillRect(400, 230 + line * 46, 600 + ((line * 271) % 500), 16);
    c.fillStyle = accent;
    for (let bar = 0; bar < 6; bar++)
      c.fillRect(420 + bar * 180, 1000 - ((bar * 67) % 190) - 40, 110, ((bar * 67) % 190) + 40);
  });
}

function ellipse(c: CanvasRenderingContext2D, x: number, y: number, rx: number, ry: number) {
  c.beginPath();
  c.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2);
  c.fill();
}

function drawn(
  width: number,
  height: number,
  draw: (c: CanvasRenderingContext2D, ms: number) => void,
): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  const paint = () => draw(context, performance.now());
  paint();
  setInterval(paint, 100);
  const stream = canvas.captureStream(10);
  kept.push(stream);
  return stream;
}
