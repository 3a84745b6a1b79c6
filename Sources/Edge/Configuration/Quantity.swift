/// A number with a unit, as an exact whole number of the smallest unit.
///
/// No floating point: `0.1s` is 100,000,000 ns and nothing near it.
struct Quantity {
    /// A unit's name and what one of it is worth.
    typealias Unit = (name: String, worth: UInt64)

    enum Fault: Error, Equatable {
        case noNumber
        case noUnit
        /// The unit that was meant, when it is written in other letters.
        case unknownUnit(meant: String?)
        /// Not a whole number of the smallest unit.
        case tooFine
        case tooLarge
    }

    /// Durations in nanoseconds.
    static let durations: [Unit] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ]
    /// Sizes in bytes: powers of 1,024 (IEC 80000-13) and of 1,000 (SI).
    static let sizes: [Unit] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000),
        ("MB", 1_000_000), ("GB", 1_000_000_000),
    ]

    /// `NUMBER UNIT`, where the number is decimal digits with at most one point and the blank is
    /// optional.
    static func read(_ text: String, units: [Unit]) throws(Fault) -> Int64 {
        let number = text.prefix { $0.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") } }
        let unitText = text.dropFirst(number.count).drop { $0 == " " || $0 == "\t" }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else { throw .noNumber }
        guard !unitText.isEmpty else { throw .noUnit }
        guard let unit = units.first(where: { $0.name == unitText }) else {
            let meant = units.first { $0.name.lowercased() == unitText.lowercased() }
            throw .unknownUnit(meant: meant?.name)
        }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.count <= 9 else { throw .tooFine }
        guard let mantissa = UInt64(parts[0] + fraction) else { throw .tooLarge }
        var divisor: UInt64 = 1
        for _ in 0..<fraction.count { divisor *= 10 }
        let product = mantissa.multipliedFullWidth(by: unit.worth)
        guard product.high < divisor else { throw .tooLarge }
        let (value, rest) = divisor.dividingFullWidth(product)
        guard let value = Int64(exactly: value) else { throw .tooLarge }
        guard rest == 0 else { throw .tooFine }
        return value
    }

    /// The shortest exact form: 500ms, 3s, 15min; 64KiB, 16GiB.
    static func text(_ value: Int64, units: [Unit]) -> String {
        if value == 0 { return units.contains { $0.name == "s" } ? "0s" : "0B" }
        var best = "\(value)"
        for (name, worth) in units.sorted(by: { $0.worth < $1.worth })
        where value.magnitude.isMultiple(of: worth) {
            best = "\(value / Int64(worth))\(name)"
        }
        return best
    }
}
