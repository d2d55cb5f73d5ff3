/** People who are rung into a call. */
export const adding = {
  "adding.button": "Add people",
  "adding.search": "Search people",
  "adding.ring": "Ring {name}",
  "adding.nobody": "Nobody else is here whom you could ring.",
  "adding.not-found": "Nobody of that name is here.",
  "adding.ringing": "Ringing {name} …",
  "adding.declined": "{name} cannot come now.",
  "adding.declined-with": "{name} cannot come now: “{message}”",
  "adding.busy": "{name} is in another call.",
  "adding.no-answer": "{name} did not answer.",
  "adding.gone": "{name} could not be reached.",
  "adding.cancel": "Stop ringing {name}",
  "adding.clear": "Dismiss the note about {name}",
} as const;
