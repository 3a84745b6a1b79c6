internal import CLinux
internal import Glibc

/// One option that a command knows: `--name VALUE` or `--name`.
public struct CommandOption: Sendable {
    public let name: String
    public let takesValue: Bool

    public init(_ name: String, takesValue: Bool) {
        self.name = name
        self.takesValue = takesValue
    }
}

/// Why a command line is not understood.
public enum OptionsError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknown(String)
    case valueMissing(String)

    public var description: String {
        switch self {
        case .unknown(let text): "unknown option \(text)"
        case .valueMissing(let text): "\(text) needs a value"
        }
    }
}

/// A command line taken apart by getopt_long(3): options in any order, `--` ends them.
public struct Options: Sendable {
    /// The last value given for each option; an option without a value has "".
    public private(set) var values: [String: String] = [:]
    /// What is no option, in order.
    public private(set) var operands: [String] = []

    /// `arguments` without the program's and the command's name.
    public init(_ arguments: [String], known: [CommandOption]) throws(OptionsError) {
        var texts = unsafe ([" "] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe texts.forEach { unsafe free($0) } }
        let names = unsafe known.map { unsafe strdup($0.name) }
        defer { unsafe names.forEach { unsafe free($0) } }
        var table = unsafe zip(known, names).map { entry, name in
            unsafe option(
                name: UnsafePointer(name),
                has_arg: entry.takesValue ? required_argument : no_argument, flag: nil, val: 1)
        }
        unsafe table.append(option())
        pulsegate_getopt_reset()
        var next: Int32 = 1
        while true {
            var chosen: Int32 = 0
            var value: UnsafePointer<CChar>?
            let before = next
            let result = unsafe texts.withUnsafeMutableBufferPointer { texts in
                unsafe pulsegate_getopt(
                    Int32(arguments.count + 1), texts.baseAddress, table, &chosen, &value, &next)
            }
            if result == -1 { break }
            if result == 1 {
                values[known[Int(chosen)].name] =
                    unsafe value.map { unsafe String(cString: $0) } ?? ""
                continue
            }
            // From `before` on, getopt has met operands and then the word that it refuses.
            let met = unsafe texts[Int(before)...].map { text in
                unsafe text.map { unsafe String(cString: $0) } ?? ""
            }
            let word = met.first { $0.hasPrefix("-") && $0 != "-" } ?? ""
            throw result == Int32(UInt8(ascii: ":")) ? .valueMissing(word) : .unknown(word)
        }
        for index in Int(next)..<arguments.count + 1 {
            operands.append(unsafe texts[index].map { unsafe String(cString: $0) } ?? "")
        }
    }
}
