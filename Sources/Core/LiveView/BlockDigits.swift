/// Digits five rows high, to be read from the other side of the room: 3 × 5 points each, a
/// point being two columns of one row, which is about square.
enum BlockDigits {
    static let rows = 5
    /// Columns from one digit to the next.
    static let pitch = 8
    /// Columns of three digits.
    static let columns = 22

    /// The points of a digit, three bits a row from the top; nil for another sign.
    private static func points(_ digit: Unicode.Scalar) -> [UInt8]? {
        switch digit {
        case "0": [0b111, 0b101, 0b101, 0b101, 0b111]
        case "1": [0b010, 0b110, 0b010, 0b010, 0b111]
        case "2": [0b111, 0b001, 0b111, 0b100, 0b111]
        case "3": [0b111, 0b001, 0b111, 0b001, 0b111]
        case "4": [0b101, 0b101, 0b111, 0b001, 0b001]
        case "5": [0b111, 0b100, 0b111, 0b001, 0b111]
        case "6": [0b111, 0b100, 0b111, 0b101, 0b111]
        case "7": [0b111, 0b001, 0b001, 0b001, 0b001]
        case "8": [0b111, 0b101, 0b111, 0b101, 0b111]
        case "9": [0b111, 0b101, 0b111, 0b001, 0b111]
        case "-": [0b000, 0b000, 0b111, 0b000, 0b000]
        default: nil
        }
    }

    /// Draws up to three signs (digits or `-`) with the last one at the right; a longer text is
    /// written small.
    static func draw(
        _ text: String, on canvas: inout Canvas, _ column: Int, _ row: Int, _ style: Style
    ) {
        let signs = Array(text.unicodeScalars)
        guard signs.count <= 3 else {
            canvas.put(text, column, row + rows / 2, style, width: columns)
            return
        }
        let start = column + (3 - signs.count) * pitch
        for (index, sign) in signs.enumerated() {
            guard let points = points(sign) else { continue }
            for (line, bits) in points.enumerated() {
                for point in 0..<3 where bits >> (2 - point) & 1 == 1 {
                    let x = start + index * pitch + point * 2
                    canvas.put("█", x, row + line, style)
                    canvas.put("█", x + 1, row + line, style)
                }
            }
        }
    }
}
