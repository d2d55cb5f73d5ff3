/** What a worklet's module finds in its global scope (W3C Web Audio API, section 1.32), of which TypeScript has nothing. */

export interface Processor {
  readonly port: MessagePort;
}

interface WorkletScope {
  readonly AudioWorkletProcessor: new () => Processor;
  registerProcessor(name: string, processor: new (options: { processorOptions: unknown }) => Processor): void;
  /** Frames since the context began. */
  readonly currentFrame: number;
}

export const scope = globalThis as unknown as WorkletScope;
