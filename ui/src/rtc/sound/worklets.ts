/** The worklets' modules, loaded once for each context. Real files of this origin, as a strict policy wants. */
import captureUrl from "./capture.worklet.ts?worker&url";
import playUrl from "./play.worklet.ts?worker&url";

const loading = new WeakMap<BaseAudioContext, Promise<void>>();

export function loadWorklets(context: BaseAudioContext): Promise<void> {
  let done = loading.get(context);
  if (!done) {
    const modules = [captureUrl, playUrl].map((url) => context.audioWorklet.addModule(url));
    done = Promise.all(modules).then(() => undefined);
    loading.set(context, done);
  }
  return done;
}
