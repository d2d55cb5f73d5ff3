// () -> the dominating colour of each remote picture, by name.
const name = (r, g, b) => {
  const light = (value) => value > 140;
  const dark = (value) => value < 110;
  if (r > 140 && g > 140 && b > 140) return "white";
  if (r < 40 && g < 40 && b < 40) return "black";
  if (light(r) && light(g) && dark(b)) return "yellow";
  if (light(r) && dark(g) && dark(b)) return "red";
  if (dark(r) && light(g) && dark(b)) return "green";
  if (dark(r) && dark(g) && light(b)) return "blue";
  return "other";
};
return remote("video").filter((element) => element.localName === "video" && element.videoWidth > 0
  && element.checkVisibility({ visibilityProperty: true })).map((element) => {
  const canvas = new OffscreenCanvas(32, 24);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(element, 0, 0, 32, 24);
  const { data } = context.getImageData(0, 0, 32, 24);
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = name(data[at], data[at + 1], data[at + 2]);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const [[best, count]] = [...counts].sort((a, b) => b[1] - a[1]);
  // The mock camera's letters: without them it is just dark.
  if (best === "black" && counts.get("white") > 32 * 24 * 0.03) return "mock";
  return count > 32 * 24 * 0.6 ? best : "other";
});
