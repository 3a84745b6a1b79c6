import Bytes
import Configuration
import Gateway
import Linux
import Time

/// `pulsegate ring …`: what the ring on the card holds, whether it is whole, and how to get it
/// out. All but `drain` and `fsck --repair` work beside a gateway that runs, and change nothing.
enum RingCommand {
    /// One of the tools: what it takes, and what it does. It answers the exit status.
    private struct Tool {
        let name: String
        let options: [CommandOption]
        /// What must follow the options, as in the usage.
        var operands: [String] = []
        let body: (Options) throws(SetupError) -> Int32
    }

    private static let place = [
        CommandOption("data", takesValue: true), CommandOption("config", takesValue: true),
    ]
    private static let selection = [
        CommandOption("device", takesValue: true), CommandOption("format", takesValue: true),
        CommandOption("from", takesValue: true), CommandOption("to", takesValue: true),
        CommandOption("sensor", takesValue: true), CommandOption("sink", takesValue: true),
    ]

    private static var tools: [Tool] {
        [
            Tool(
                name: "stat",
                options: place + [
                    CommandOption("sensors", takesValue: true),
                    CommandOption("card-terabytes-written", takesValue: true),
                ], body: RingStat.run),
            Tool(
                name: "fsck", options: place + [CommandOption("repair", takesValue: false)],
                body: RingFsck.run),
            Tool(name: "dump", options: place + selection, body: RingDump.run),
            Tool(
                name: "export",
                options: place + selection.prefix(1)
                    + [CommandOption("force", takesValue: false)],
                operands: ["FILE"], body: RingExport.run),
            Tool(
                name: "drain",
                options: [
                    CommandOption("config", takesValue: true),
                    CommandOption("timeout", takesValue: true),
                ], body: RingDrain.run),
            Tool(name: "capacity", options: [], body: RingCapacity.run),
        ]
    }

    static func run(_ arguments: [String]) -> Int32 {
        let names = tools.map(\.name).joined(separator: ", ")
        guard let word = arguments.first else {
            Console.error("ring: say which: \(names); \(Usage.hint("ring"))")
            return ExitStatus.usage
        }
        guard let tool = tools.first(where: { $0.name == word }) else {
            Console.error("ring: \(word) is none of \(names); \(Usage.hint("ring"))")
            return ExitStatus.usage
        }
        let line: Options
        do throws(OptionsError) {
            line = try Options(Array(arguments.dropFirst()), known: tool.options)
        } catch {
            Console.error("ring \(word): \(error); \(Usage.hint("ring"))")
            return ExitStatus.usage
        }
        if line.operands.count != tool.operands.count {
            let missing = tool.operands.dropFirst(line.operands.count).first
            let surplus = line.operands.dropFirst(tool.operands.count).first
            let text = missing.map { "\($0) is missing" } ?? "\(surplus ?? "") is one word too many"
            Console.error("ring \(word): \(text); \(Usage.hint("ring"))")
            return ExitStatus.usage
        }
        do throws(SetupError) {
            return try tool.body(line)
        } catch {
            Console.error("ring \(word): \(error)")
            return word == "fsck" ? RingFsck.notLookedAt : ExitStatus.failure
        }
    }
}

/// Which ring is meant, by `--data DIR` or `--config FILE`.
struct RingPlace {
    let folder: String
    /// The name of the gateway in the records that are printed.
    let device: String

    var path: String { "\(folder)/ring" }

    init(_ line: Options) throws(SetupError) {
        let named = line.values["device"]
        if let named, named.isEmpty || named.utf8.count > Limits.deviceBytes {
            throw SetupError("--device: a name has 1 to \(Limits.deviceBytes) bytes")
        }
        switch (line.values["data"], line.values["config"]) {
        case (let data?, nil):
            folder = data
            device = named ?? Environment.hostName()
        case (nil, let path?):
            let configuration = try Self.load(path)
            folder = configuration.dataDirectory
            device = named ?? configuration.deviceID
        default:
            throw SetupError("say which ring, with either --data DIR or --config FILE")
        }
    }

    static func load(_ path: String) throws(SetupError) -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration.load(from: path, hostName: Environment.hostName())
        } catch {
            throw SetupError("\(error)")
        }
    }

    /// Opens the ring to look at it; `alone` takes its lock, which a running gateway has.
    func open(alone: Bool = false) throws(SetupError) -> RingReader {
        do throws(RingReaderError) {
            return alone ? try RingReader.openAlone(path) : try RingReader.open(path)
        } catch {
            throw SetupError("\(error)")
        }
    }
}

extension SetupError {
    /// Turns the trouble of a ring file into the end of a tool.
    static func ring<Result: ~Copyable>(
        _ body: () throws(RingReaderError) -> Result
    ) throws(SetupError) -> Result {
        do throws(RingReaderError) {
            return try body()
        } catch {
            throw SetupError("\(error)")
        }
    }
}
