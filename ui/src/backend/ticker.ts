/** Runs in a Worker, whose timers the browser does not slow down when the tab is hidden: a guest must go on pinging. */
interface Order {
  id: number;
  ms: number;
}
self.onmessage = (event: MessageEvent<Order>) => {
  const { id, ms } = event.data;
  setTimeout(() => postMessage(id), ms);
};
export {};
