/// What a machine says of itself, by the paths of Linux: whoever calls gives the ways to look, so
/// that a test can describe any machine, and nothing here touches one.
public struct Evidence {
    /// The text of a file; nil when there is none, or it may not be read.
    public let read: (String) -> String?
    /// The names in a folder; none when there is no such folder.
    public let list: (String) -> [String]
    /// Bytes that may still be written where a folder lies, or would be made; nil when nobody
    /// knows.
    public let freeBytes: (String) -> UInt64?
    /// Where a symbolic link points.
    public let link: (String) -> String?
    /// Wall-clock seconds since 1970.
    public let seconds: Int64
    /// The day on which the program was built, in the same seconds: no right clock is before it.
    public let builtSeconds: Int64
    /// What the configuration asks for; nil when it cannot be used.
    public let wishes: Wishes?
    /// Why the configuration cannot be used.
    public let configurationFault: String?

    public init(
        read: @escaping (String) -> String?, list: @escaping (String) -> [String],
        freeBytes: @escaping (String) -> UInt64?,
        link: @escaping (String) -> String?, seconds: Int64, builtSeconds: Int64,
        wishes: Wishes?, configurationFault: String?
    ) {
        self.read = read
        self.list = list
        self.link = link
        self.freeBytes = freeBytes
        self.seconds = seconds
        self.builtSeconds = builtSeconds
        self.wishes = wishes
        self.configurationFault = configurationFault
    }

    /// The first line of a file, without blanks at its ends.
    func word(_ path: String) -> String? {
        read(path).map { Text.trimmed($0.prefix { $0 != "\n" && $0 != "\0" }) }
    }
}

/// What the configuration needs of its machine.
public struct Wishes: Equatable, Sendable {
    public var usesRadio = false
    /// A bluetoothd that hangs is to be restarted.
    public var restartsDaemon = false
    public var usesGPIO = false
    public var usesNetwork = false
    /// Hosts of its services, names or addresses; a service whose host nobody has written down is
    /// not among them.
    public var hosts: [String] = []
    /// Files with the authorities that its services are to be signed by.
    public var authorityFiles: [String] = []
    /// Other services are signed by the authorities that the system trusts.
    public var trustsSystem = true
    public var dataFolder = "/var/lib/pulsegate"
    public var allowsVolatile = false
    /// The size that a ring is made with.
    public var ringBytes: UInt64 = 0
    public var memoryBytes = 64 << 20
    /// Files with secrets that it names, and what is wrong with each.
    public var secretFaults: [String] = []

    public init() {}
}

/// What one check found.
public struct Finding: Equatable, Sendable {
    /// How it is: nothing to do, something to do some day, or what does not work.
    public enum Verdict: String, Sendable { case ok, warning, error }

    public let check: String
    public let verdict: Verdict
    public let seen: String
    /// What to do; nil when all is well.
    public let remedy: String?

    static func ok(_ check: String, _ seen: String) -> Finding {
        Finding(check: check, verdict: .ok, seen: seen, remedy: nil)
    }

    static func warning(_ check: String, _ seen: String, _ remedy: String) -> Finding {
        Finding(check: check, verdict: .warning, seen: seen, remedy: remedy)
    }

    static func error(_ check: String, _ seen: String, _ remedy: String) -> Finding {
        Finding(check: check, verdict: .error, seen: seen, remedy: remedy)
    }
}

/// Small things about text.
enum Text {
    static func trimmed<Part: StringProtocol>(_ text: Part) -> String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// The value of the last `key = value` line that is no comment, as INI and systemd have them.
    static func value(_ key: String, in text: String) -> String? {
        var found: String?
        for line in text.split(whereSeparator: { $0.isNewline }) {
            let line = trimmed(line)
            guard !line.hasPrefix("#"), !line.hasPrefix(";"),
                let equals = line.firstIndex(of: "="), trimmed(line[..<equals]) == key
            else { continue }
            found = trimmed(line[line.index(after: equals)...])
        }
        return found
    }

    /// The leading numbers of a version, `6.12.30+rpt` as [6, 12, 30].
    static func version(_ text: String) -> [Int] {
        text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }.split(separator: ".")
            .compactMap { Int($0) }
    }

    static func isBelow(_ version: [Int], _ limit: [Int]) -> Bool {
        for (one, other) in zip(version, limit) where one != other { return one < other }
        return version.count < limit.count
    }

    /// Seconds of a time span as systemd writes it (systemd.time(7)): `90`, `30s`, `1min`, `1min
    /// 30s`; nil when it is none, or for ever.
    static func seconds(_ span: String) -> Int? {
        let units = ["": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600]
        var total = 0
        var rest = span[...]
        while !rest.isEmpty {
            rest = rest.drop { $0 == " " }
            let digits = rest.prefix { $0.isNumber && $0.isASCII }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Int(digits), number < 1_000_000, let scale = units[String(unit)]
            else { return nil }
            total += number * scale
        }
        return span.isEmpty ? nil : total
    }

    /// Bytes of a size as systemd writes it: `96M`; nil when it is none.
    static func bytes(_ size: String) -> Int? {
        let scales: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        guard let last = size.last else { return nil }
        if let scale = scales[last] {
            return Int(size.dropLast()).flatMap { $0 < 1 << 30 ? $0 * scale : nil }
        }
        return Int(size)
    }
}
