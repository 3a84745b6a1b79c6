import Bytes
import LiveView

/// What a terminal shows after a frame: a small reading of the sequences that frames are made
/// of. Whatever else stands in a frame is a fault.
struct Page {
    /// The rows, as long as they were written.
    private(set) var rows: [String] = []
    /// The colours that were chosen, as `31` or `1;31`.
    private(set) var colours: Set<String> = []
    /// What no frame should hold.
    private(set) var faults: [String] = []

    init(_ status: LiveStatus, _ screen: LiveScreen) {
        var buffer = FixedBuffer(capacity: LiveScreen.bytesPerFrameMax)
        buffer.append(frame: status, screen: screen)
        if buffer.overflowed { faults.append("the frame does not fit its buffer") }
        read(String(decoding: buffer.bytes))
    }

    var text: String { rows.joined(separator: "\n") }

    /// Columns of the longest row; every sign that a frame may hold is one column wide.
    var width: Int { rows.map(\.unicodeScalars.count).max() ?? 0 }

    private mutating func read(_ frame: String) {
        if !frame.hasPrefix("\u{1B}[H") { faults.append("not from the upper left corner") }
        var signs = frame.unicodeScalars[...]
        var row = String.UnicodeScalarView()
        while let sign = signs.popFirst() {
            if sign == "\u{1B}" {
                obey(&signs)
            } else if sign == "\r", signs.first == "\n" {
                signs.removeFirst()
                rows.append(String(row))
                row.removeAll()
            } else {
                if !Self.isOneColumn(sign) { faults.append("sign \(sign.value)") }
                row.append(sign)
            }
        }
        rows.append(String(row))
    }

    private mutating func obey(_ signs: inout Substring.UnicodeScalarView) {
        if signs.popFirst() != "[" { faults.append("ESC without [") }
        var parameters = ""
        while let sign = signs.first, ("0"..."9").contains(sign) || sign == ";" {
            parameters.unicodeScalars.append(sign)
            signs.removeFirst()
        }
        let end = signs.popFirst() ?? "?"
        switch (end, parameters) {
        case ("H", ""), ("K", ""), ("J", ""): break
        case ("m", _): colours.insert(parameters)
        default: faults.append("sequence \(parameters)\(end)")
        }
    }

    /// Printable, and neither wide nor combining (Unicode Standard Annex 11).
    private static func isOneColumn(_ sign: Unicode.Scalar) -> Bool {
        if sign.isASCII { return sign.value >= 0x20 && sign.value != 0x7F }
        return switch sign.properties.generalCategory {
        case .control, .format, .nonspacingMark, .enclosingMark, .spacingMark, .lineSeparator,
            .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            false
        default: sign.value < 0x1100 || (0x2010..<0x2900).contains(sign.value)
        }
    }
}
