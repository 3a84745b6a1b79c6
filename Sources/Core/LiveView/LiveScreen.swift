/// The terminal that a frame is drawn for.
public struct LiveScreen: Equatable, Sendable {
    /// The signs that the terminal's font has.
    public enum Symbols: Equatable, Sendable {
        /// Lines, blocks and braille: any terminal with UTF-8.
        case unicode
        /// Printable ASCII alone: serial consoles.
        case ascii
    }

    /// The largest frame; on a larger terminal it stands in the upper left corner.
    public static let columnsMax = 200
    public static let rowsMax = 60

    /// Bytes that hold any frame: for each cell one change of colour (at most 10 bytes) and one
    /// sign (at most 3), and 16 bytes for the control sequences of each row.
    public static let bytesPerFrameMax = rowsMax * (columnsMax * 13 + 16)

    /// Columns and rows of the terminal, as the kernel says (TIOCGWINSZ).
    public var columns: Int
    public var rows: Int
    /// Colours are only ever an addition; false under NO_COLOR (no-color.org).
    public var isColored: Bool
    public var symbols: Symbols

    public init(
        columns: Int = 80, rows: Int = 24, isColored: Bool = true, symbols: Symbols = .unicode
    ) {
        self.columns = columns
        self.rows = rows
        self.isColored = isColored
        self.symbols = symbols
    }

    /// Before the first frame: the alternate screen (what was on the terminal comes back
    /// later), no cursor, an empty page (xterm, "Control Sequences": DECSET 1049, DECTCEM, ED).
    public static let enter: StaticString = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J"

    /// Behind the last frame, also on the way out of a signal.
    public static let leave: StaticString = "\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"

    /// After a change of the terminal's size, before the next frame.
    public static let clear: StaticString = "\u{1B}[2J"
}
