/** How what is missing is installed. Pure. */
import type { Lack } from "../state/contract";

/** The line for a terminal on Debian and Ubuntu, each package once; null where no package would help. */
export function installLine(lacks: readonly Lack[]): string | null {
  const packages = new Set(lacks.flatMap(({ install }) => install));
  return packages.size === 0 ? null : `sudo apt install ${[...packages].join(" ")}`;
}
