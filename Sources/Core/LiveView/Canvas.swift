internal import Bytes

/// How a cell looks, beside its sign. Meaning is always in the sign as well.
enum Style: UInt8 {
    case plain, dim, strong, accent, good, warning, alarm
    case brandBadge, goodBadge, warningBadge, alarmBadge

    /// Select Graphic Rendition (ECMA-48 section 8.3.117), the sixteen colours that every
    /// terminal has and every user's theme defines.
    var sequence: StaticString {
        switch self {
        case .plain: "\u{1B}[0m"
        case .dim: "\u{1B}[0;90m"
        case .strong: "\u{1B}[0;1m"
        case .accent: "\u{1B}[0;36m"
        case .good: "\u{1B}[0;32m"
        case .warning: "\u{1B}[0;33m"
        case .alarm: "\u{1B}[0;1;31m"
        case .brandBadge: "\u{1B}[0;30;46m"
        case .goodBadge: "\u{1B}[0;30;42m"
        case .warningBadge: "\u{1B}[0;30;43m"
        case .alarmBadge: "\u{1B}[0;97;41m"
        }
    }
}

/// A page of cells that panels are drawn on and that is then written out row by row.
///
/// Everything that is drawn outside is cut off here, and only signs one column wide get in. So
/// no panel can break a line, whatever the values and the size of the terminal.
struct Canvas {
    let columns: Int
    let rows: Int
    private let screen: LiveScreen
    private var signs: [Unicode.Scalar]
    private var styles: [Style]

    init(screen: LiveScreen) {
        self.screen = screen
        columns = min(max(1, screen.columns), LiveScreen.columnsMax)
        rows = min(max(1, screen.rows), LiveScreen.rowsMax)
        signs = Array(repeating: " ", count: columns * rows)
        styles = Array(repeating: .plain, count: columns * rows)
    }

    var symbols: LiveScreen.Symbols { screen.symbols }

    /// Sets one cell.
    mutating func put(_ sign: Unicode.Scalar, _ column: Int, _ row: Int, _ style: Style) {
        guard column >= 0, column < columns, row >= 0, row < rows else { return }
        signs[row * columns + column] = sign.shown(as: screen.symbols)
        styles[row * columns + column] = style
    }

    /// Writes `text` from a column on, at most `width` columns; answers the column behind it.
    @discardableResult
    mutating func put(
        _ text: String, _ column: Int, _ row: Int, _ style: Style = .plain, width: Int = .max
    ) -> Int {
        var next = column
        for sign in text.clipped(to: width).unicodeScalars {
            put(sign, next, row, style)
            next += 1
        }
        return next
    }

    /// Writes `text` so that it ends before column `end`, unless it would begin left of
    /// `start`: then it is left out.
    mutating func put(
        _ text: String, endingAt end: Int, notBefore start: Int, _ row: Int, _ style: Style
    ) {
        let column = end - text.unicodeScalars.count
        if column >= start { put(text, column, row, style) }
    }

    /// True where nothing has been drawn.
    func isBlank(_ column: Int, _ row: Int) -> Bool {
        guard column >= 0, column < columns, row >= 0, row < rows else { return false }
        return signs[row * columns + column] == " "
    }

    /// The frame: cursor home, then every row with what is behind it cleared. Blanks at the end
    /// of a row are not sent.
    func write(to buffer: inout FixedBuffer) {
        buffer.append("\u{1B}[H")
        var current = Style.plain
        for row in 0..<rows {
            if row > 0 { buffer.append("\r\n") }
            let end = lastSign(in: row) + 1
            for column in 0..<end {
                let style = styles[row * columns + column]
                if screen.isColored, style != current {
                    buffer.append(style.sequence)
                    current = style
                }
                buffer.append(utf8: signs[row * columns + column])
            }
            if current != .plain {
                buffer.append(Style.plain.sequence)
                current = .plain
            }
            // A full row leaves the cursor on its last cell: clearing from there would eat it.
            guard end < screen.columns else { continue }
            buffer.append(row == rows - 1 ? "\u{1B}[J" : "\u{1B}[K")
        }
    }

    /// The column of the last sign, or of the last coloured blank (the end of a badge).
    private func lastSign(in row: Int) -> Int {
        var column = columns - 1
        while column >= 0, signs[row * columns + column] == " ",
            styles[row * columns + column] == .plain || !screen.isColored
        {
            column -= 1
        }
        return column
    }
}

extension FixedBuffer {
    /// Appends one sign.
    fileprivate mutating func append(utf8 sign: Unicode.Scalar) {
        for byte in String(sign).utf8 { append(byte) }
    }

    /// Appends a line of text and its line feed; what a terminal would obey is replaced, and
    /// blanks at the end are left out.
    mutating func append(line text: String, as symbols: LiveScreen.Symbols) {
        var end = text.unicodeScalars.endIndex
        while end > text.unicodeScalars.startIndex {
            let before = text.unicodeScalars.index(before: end)
            guard text.unicodeScalars[before] == " " else { break }
            end = before
        }
        for sign in text.unicodeScalars[..<end] { append(utf8: sign.shown(as: symbols)) }
        append("\n" as StaticString)
    }
}

extension Unicode.Scalar {
    /// What may be sent to a terminal for it.
    func shown(as symbols: LiveScreen.Symbols) -> Unicode.Scalar {
        symbols == .ascii ? ascii : printable
    }

    /// Itself where terminals agree that it is one column wide, else `?`: control characters
    /// and escape sequences in names, wide and combining signs.
    private var printable: Unicode.Scalar {
        switch value {
        case 0x20..<0x7F, 0xA1..<0xAD, 0xAE..<0x2B0: self  // ASCII, Latin
        case 0x370..<0x483, 0x48A..<0x530: self  // Greek, Cyrillic
        case 0x2010..<0x2028, 0x2190..<0x2194: self  // dashes, quotes, dots, arrows
        case 0x2500..<0x25F0, 0x2800..<0x2900: self  // lines, blocks, shapes, braille
        default: "?"
        }
    }

    /// The nearest sign that a serial console has.
    private var ascii: Unicode.Scalar {
        switch self {
        case "─", "╌", "–": "-"
        case "│", "·": "|"
        case "╭", "╮", "╰", "╯", "├", "┤": "+"
        case "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█": "#"
        case "░": "."
        case "●": "*"
        case "▲": "^"
        case "▼": "v"
        case "→": ">"
        case "…": "~"
        case "µ": "u"
        case "×": "x"
        default: value >= 0x20 && value < 0x7F ? self : "?"
        }
    }
}
