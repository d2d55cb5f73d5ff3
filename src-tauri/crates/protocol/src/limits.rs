//! Every bound of the protocol, each with its reason. Times are in ms, sizes in bytes.

macro_rules! limits {
    ($($(#[$meta:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$meta])* pub const $name: u32 = $value;)*

        /// Every limit by name, for the document's check and the generated TypeScript.
        pub const ALL: &[(&str, u32)] = &[$((stringify!($name), $name)),*];
    };
}

limits! {
    /// One message. An offer of four lanes is about 12 KiB in today's browsers; five times that is room enough.
    MAX_MESSAGE_BYTES = 64 * 1024;
    /// From the connection's first byte to a valid hello: a round trip or two on a very bad line.
    HELLO_TIMEOUT = 5_000;
    /// Between two pings of a client. A third of [`IDLE_TIMEOUT`], so two may be lost.
    PING_INTERVAL = 5_000;
    /// A hub that has heard nothing for this long takes the connection for dropped.
    IDLE_TIMEOUT = 15_000;
    /// The same while in a room that another install holds: whoever is silent there is looked for.
    ROOM_IDLE_TIMEOUT = 6_000;
    /// Between two pings of an install in such a room: a hub that is gone is noticed in twice this time.
    ROOM_PING_INTERVAL = 1_000;
    /// How long a dropped connection keeps its place.
    RESUME_GRACE = 30_000;
    /// How long a server that was restarted keeps the rooms of before for whoever was in them: longer than anybody waits
    /// before the next try to reach it.
    ROOM_KEPT = 120_000;
    /// What a hub keeps for a client that has not yet said it has seen it; beyond that it cannot resume.
    MAX_UNSEEN = 512;
    /// The same in bytes of memory, for descriptions are long: a room full of offers, four times over.
    MAX_UNSEEN_BYTES = 1024 * 1024;
    /// Messages waiting in one connection's socket queue; a reader that is slower is cut off.
    MAX_QUEUE = 256;
    /// Requests of one connection in [`RATE_WINDOW`]. A call's set-up sends fewer than 60.
    MAX_REQUESTS = 300;
    /// The window that [`MAX_REQUESTS`] and [`MAX_RINGS`] count in.
    RATE_WINDOW = 10_000;
    /// Rings one device may start in [`RATE_WINDOW`].
    MAX_RINGS = 10;
    /// Rings one device may have open at once, made or received.
    MAX_OPEN_RINGS = 16;
    /// A ring ends by itself after this long and is then a missed call.
    RING_TIMEOUT = 45_000;
    /// Places at one hub, present or in their grace.
    MAX_MEMBERS = 10_000;
    /// Places one device may hold at one hub: its node, and a browser or two.
    MAX_MEMBERS_PER_DEVICE = 4;
    /// Connections to one hub's port that have not yet said hello, in all.
    MAX_UNGREETED = 256;
    /// The same, of one address.
    MAX_UNGREETED_PER_ADDRESS = 32;
    /// What others are told of, from one address at once: coming in, a new name, rings, rooms made and entered. An
    /// office behind one router comes back after a break.
    MAX_ACTIONS_AT_ONCE = 200;
    /// The same in each second after that; what is more waits. Coming in and a new name count more where many hear of it,
    /// and a ring counts as all of them.
    MAX_ACTIONS_PER_SECOND = 20;
    /// Rooms at one hub.
    MAX_ROOMS = 2_000;
    /// Rooms one device may be in at one hub.
    MAX_ROOMS_PER_DEVICE = 4;
    /// Participants of a room unless its maker asked for fewer.
    MAX_PARTICIPANTS = 16;
    /// Cameras of others that one participant asks for at once. Each is coded for them alone: a mesh of eight people is
    /// what usual machines and lines carry; beyond that, those who speak are seen.
    MAX_CAMERAS = 7;
    /// Listed rooms that one hub tells of: what a list can show. The others are found by link or code.
    MAX_LISTED = 48;
    /// Between two changes of the list of rooms that a visitor is told of: each is told to everybody.
    LISTING_PAUSE = 1_000;
    /// Rooms in the answer to a code. There is more than one only by chance.
    MAX_FOUND = 8;
    /// Codes that one place may give in [`RATE_WINDOW`]; each also costs its address a second. They are not to be guessed.
    MAX_CODES = 10;
    /// A link to a room: what fits into one argument of a program everywhere, and into a QR code.
    MAX_LINK_CHARS = 2_048;
    /// A room's name in characters: what a window's title can show.
    MAX_TITLE_CHARS = 80;
    /// A room's name in UTF-8 bytes.
    MAX_TITLE_BYTES = 200;
    /// A room's password in characters: it is told by word of mouth.
    MAX_PASSWORD_CHARS = 64;
    /// A room's password in UTF-8 bytes.
    MAX_PASSWORD_BYTES = 256;
    /// Wrong passwords at one room in [`RATE_WINDOW`], whoever gives them; beyond, nobody's is looked at.
    MAX_WRONG_PASSWORDS = 10;
    /// Devices that wait before one room: those that knock, and those that want to hear of a place.
    MAX_WAITING = 32;
    /// Devices that a room remembers: who was let in or in it, and who was removed, each.
    MAX_REMEMBERED = 256;
    /// A name's length in characters: what a list can show.
    MAX_NAME_CHARS = 64;
    /// A name's length in UTF-8 bytes: it must fit into one DNS-SD TXT string with room to spare.
    MAX_NAME_BYTES = 160;
    /// A status note's length in characters.
    MAX_NOTE_CHARS = 80;
    /// A status note's length in UTF-8 bytes.
    MAX_NOTE_BYTES = 200;
    /// A short message that goes with a declined ring, in characters.
    MAX_ANSWER_CHARS = 200;
    /// Addresses in a hub's reference: two networks, both families, some to spare.
    MAX_ADDRESSES = 12;
    /// One address or URL.
    MAX_ADDRESS_BYTES = 256;
    /// ICE servers in one list.
    MAX_ICE_SERVERS = 8;
    /// Dialling a person's hub, all addresses together: after this the caller is told.
    DIAL_TIMEOUT = 2_500;
    /// People a node remembers from announcements; the oldest unreachable ones go first.
    MAX_PEOPLE = 1_000;
    /// Devices that an owner may block at one hub.
    MAX_BLOCKED = 256;
    /// Devices that a node remembers; the ones not met for the longest time go first, never a verified or blocked one.
    MAX_KNOWN = 2_000;
    /// `a=fingerprint` and `a=ice-ufrag` lines of one description, each: four lanes and the data, twice over.
    MAX_SDP_ITEMS = 16;
    /// An office's phrase, in characters: shorter ones are guessed.
    MIN_PHRASE_CHARS = 8;
    /// An office's phrase, in characters.
    MAX_PHRASE_CHARS = 128;
    /// Comparing the short code, from the first word to both answers; people talk while they do it.
    VERIFY_TIMEOUT = 120_000;
    /// Reactions of one participant in [`RATE_WINDOW`]: quick enough to clap along, too few to be a nuisance.
    MAX_REACTIONS = 10;
    /// How long a reaction is shown.
    REACTION_TIME = 4_000;
    /// What the host may ask of one participant in [`RATE_WINDOW`]: mute, unmute, hand down.
    MAX_HOST_WORDS = 10;
    /// Between two changes of who is large for everyone; of more, the last one counts.
    SPOTLIGHT_PAUSE = 1_000;
    /// Windows and browser tabs attached to one node.
    MAX_WINDOWS = 8;
    /// Call records that one answer lists.
    MAX_CALLS_LISTED = 200;
    /// A file is checked and written in blocks of this size: large enough to cost little each, small enough that a few fit
    /// into memory.
    FILE_BLOCK_BYTES = 1024 * 1024;
    /// What may be on its way of one file, sent and not yet written: all that either side holds of it in memory.
    FILE_WINDOW_BYTES = 8 * 1024 * 1024;
    /// One piece of a file, with its number: what the data channels of today's browsers take at once.
    MAX_PIECE_BYTES = 256 * 1024;
    /// The name of a file that is offered, in UTF-8 bytes; what is longer on no disk.
    MAX_FILE_NAME_BYTES = 1024;
    /// Files that one participant may offer to another at once, and that are being received.
    MAX_FILES = 16;
    /// A file without a folder to write to, in a browser that holds it in memory until it is whole.
    MAX_FILE_IN_MEMORY = 256 * 1024 * 1024;
    /// One chat message, in characters: two pages. What is longer is a file.
    MAX_CHAT_CHARS = 4_000;
    /// Chat messages that are kept, and that one answer tells; of whoever wrote the most, the oldest go first.
    MAX_CHAT_HISTORY = 500;
    /// The same in UTF-8 bytes of text.
    MAX_CHAT_BYTES = 1024 * 1024;
    /// Reactions that one answer tells.
    MAX_CHAT_REACTIONS = 2_000;
    /// Chat messages and reactions that one participant says at once: faster than anybody types.
    MAX_CHAT_AT_ONCE = 20;
    /// The same in each second after that. Who listens bears what piles up while a line is broken, then drops.
    MAX_CHAT_PER_SECOND = 2;
    /// After so long without an answer somebody else is asked what was said.
    CHAT_ANSWER_TIME = 4_000;
    /// A one-time key for the loopback UI is good for this long.
    UI_KEY_LIFETIME = 300_000;
    /// How long `disconnected` may last before ICE is restarted.
    ICE_RESTART_AFTER = 2_000;
    /// A call without any media path for this long is given up.
    CALL_LOST_AFTER = 30_000;
}
