/// What the value of a key looks like, with its range: reads values, and says in words what it
/// takes.
enum Form {
    case choice([String])
    case yesOrNo
    case count(ClosedRange<Int64>, unit: String)
    /// Nanoseconds.
    case duration(ClosedRange<Int64>)
    /// Bytes.
    case size(ClosedRange<Int64>)
    case speed
    /// A file or a directory; `name` stands for it in examples.
    case path(name: String)
    case text(TextRule, name: String)
    /// A command line, which may begin and end with quotes of its own.
    case command
    case endpoint
    /// An endpoint with a path.
    case url
}

/// Which text is taken: how many bytes, of which characters.
struct TextRule {
    let lengths: ClosedRange<Int>
    /// In words, as in `A-Z a-z 0-9 . _ -`; empty when all characters are taken.
    let characters: String
    /// Bytes that are taken beside letters and digits; nil when all are.
    let marks: [UInt8]?
    /// Upper case letters are taken.
    var upperCase = true

    func takes(_ text: String) -> Bool {
        guard lengths.contains(text.utf8.count) else { return false }
        guard let marks else { return true }
        return text.utf8.allSatisfy { byte in
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            return (isLetterOrDigit(byte) && (upperCase || !isUpper)) || marks.contains(byte)
        }
    }

    var words: String {
        let (least, most) = (lengths.lowerBound, lengths.upperBound)
        return characters.isEmpty
            ? "\(least) to \(most) bytes" : "\(least) to \(most) characters of \(characters)"
    }
}

/// A value that was read.
enum SettingValue: Equatable {
    case text(String)
    case flag(Bool)
    /// Nanoseconds, bytes or a count, as the key's form says.
    case number(Int64)
    case speed(InputSettings.Speed)
    case endpoint(Endpoint)
    case url(Endpoint, path: String)
}

/// What is wrong with a value, and what to write.
struct ValueFault: Error, Equatable {
    let text: String
    let remedy: String
}

extension Form {
    /// What the form takes, in words that fit behind "write".
    var words: String {
        switch self {
        case .choice(let choices): Self.alternatives(choices)
        case .yesOrNo: Self.alternatives(["yes", "no"])
        case .count(let range, let unit):
            "a number from \(range.lowerBound) to \(range.upperBound)"
                + (unit.isEmpty ? "" : " (\(unit))")
        case .duration(let range): "a duration from " + Self.bounds(range, Quantity.durations)
        case .size(let range): "a size from " + Self.bounds(range, Quantity.sizes)
        case .speed: "a number from 0.1 to 10000, or `max`"
        case .path(let name): "the path of a \(name.lowercased())"
        case .text(let rule, _): rule.words
        case .command: "a program with its arguments"
        case .endpoint: "`https://HOST` or `https://HOST:PORT`"
        case .url: "`https://HOST/PATH` or `https://HOST:PORT/PATH`"
        }
    }

    /// Stands for a value in `key = ...`.
    var placeholder: String {
        switch self {
        case .choice(let choices): choices.joined(separator: "|")
        case .yesOrNo: "yes|no"
        case .count: "NUMBER"
        case .duration: "DURATION"
        case .size: "SIZE"
        case .speed: "NUMBER"
        case .path(let name), .text(_, let name): name
        case .command: "PROGRAM"
        case .endpoint, .url: "URL"
        }
    }

    /// The value that `text` spells.
    func read(_ text: String) throws(ValueFault) -> SettingValue {
        if text.isEmpty {
            throw ValueFault(text: "is empty", remedy: "write \(words), or remove the line")
        }
        if case .command = self { return .text(text) }
        if text.count >= 2, let quote = text.first, quote == text.last, "\"'`".contains(quote) {
            let bare = text.dropFirst().dropLast()
            throw ValueFault(text: "is in quotes", remedy: "write it without: \(bare)")
        }
        switch self {
        case .choice(let choices): return .text(try Self.readChoice(text, choices))
        case .yesOrNo: return .flag(try Self.readChoice(text, ["yes", "no"]) == "yes")
        case .count(let range, _): return .number(try readCount(text, range))
        case .duration(let range):
            return .number(try readQuantity(text, range, "duration", Quantity.durations))
        case .size(let range):
            return .number(try readQuantity(text, range, "size", Quantity.sizes))
        case .speed: return .speed(try readSpeed(text))
        case .path, .command: return .text(text)
        case .text(let rule, _):
            guard rule.takes(text) else {
                let isLength = !rule.lengths.contains(text.utf8.count)
                throw fault(isLength ? "has \(text.utf8.count) bytes" : "has other characters")
            }
            return .text(text)
        case .endpoint:
            guard let endpoint = Endpoint(text) else {
                throw fault("is not the address of a service")
            }
            return .endpoint(endpoint)
        case .url:
            guard let (endpoint, path) = Endpoint.split(text) else {
                throw fault("is not the address of a service")
            }
            return .url(endpoint, path: path)
        }
    }
}

extension Form {
    private func fault(_ text: String) -> ValueFault {
        ValueFault(text: text, remedy: "write \(words)")
    }

    private static func readChoice(_ text: String, _ choices: [String]) throws(ValueFault)
        -> String
    {
        if choices.contains(text) { return text }
        let meant = NearestWord.nearest(to: text, among: choices)
        throw ValueFault(
            text: "is not a choice",
            remedy: meant.map { "did you mean `\($0)`?" } ?? "write \(alternatives(choices))")
    }

    private func readCount(_ text: String, _ range: ClosedRange<Int64>) throws(ValueFault) -> Int64
    {
        let isNegative = range.lowerBound < 0 && text.hasPrefix("-")
        let digits = isNegative ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else {
            throw fault("is not a whole number")
        }
        // More digits than 64 bits hold are outside every range.
        let value = Int64(text) ?? (isNegative ? Int64.min : Int64.max)
        guard range.contains(value) else { throw outOfRange(value, range) }
        return value
    }

    private func readSpeed(_ text: String) throws(ValueFault) -> InputSettings.Speed {
        if text == "max" { return .maximum }
        guard text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }),
            let value = Double(text)
        else { throw fault("is not a number") }
        guard value >= 0.1 else { throw fault("is below the range") }
        guard value <= 10_000 else { throw fault("is above the range") }
        return .times(value)
    }

    private func readQuantity(
        _ text: String, _ range: ClosedRange<Int64>, _ noun: String, _ units: [Quantity.Unit]
    ) throws(ValueFault) -> Int64 {
        let value: Int64
        do throws(Quantity.Fault) {
            value = try Quantity.read(text, units: units)
        } catch {
            let names = Self.alternatives(units.map(\.name))
            switch error {
            case .noNumber: throw fault("is not a \(noun)")
            case .noUnit: throw ValueFault(text: "has no unit", remedy: "add \(names)")
            case .unknownUnit(let meant):
                throw ValueFault(
                    text: "has an unknown unit",
                    remedy: meant.map { "did you mean `\($0)`?" } ?? "the units are \(names)")
            case .tooFine: throw fault("is too fine")
            case .tooLarge: throw fault("is above the range")
            }
        }
        guard range.contains(value) else { throw outOfRange(value, range) }
        return value
    }

    private func outOfRange(_ value: Int64, _ range: ClosedRange<Int64>) -> ValueFault {
        fault(value < range.lowerBound ? "is below the range" : "is above the range")
    }

    private static func bounds(_ range: ClosedRange<Int64>, _ units: [Quantity.Unit]) -> String {
        let least = Quantity.text(range.lowerBound, units: units)
        return "\(least) to \(Quantity.text(range.upperBound, units: units))"
    }

    /// `a`, `a` or `b`, `a`, `b` or `c`.
    static func alternatives(_ words: [String]) -> String {
        let quoted = words.map { "`\($0)`" }
        guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
        return quoted.dropLast().joined(separator: ", ") + " or " + last
    }
}
