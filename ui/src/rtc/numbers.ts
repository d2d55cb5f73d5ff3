/** The generated types of the wire, and the names of its numbers. */
export * from "./wire";
/** A connection, as this page numbers it. */
export type Pc = number;
/** A sound source: one captured track. */
export type SourceId = number;
/** A data channel within its connection. */
export type ChannelKey = number;
/** An m-line's index. */
export type Line = number;
