import Linux
import SensorLink

/// `pulsegate scan`: what is in range, and the section that makes it a sensor of the gateway.
enum ScanCommand {
    private static let options = [
        CommandOption("for", takesValue: true), CommandOption("adapter", takesValue: true),
        CommandOption("all", takesValue: false), CommandOption("json", takesValue: false),
    ]

    static func run(_ arguments: [String]) -> Int32 {
        let line: Options
        do throws(OptionsError) {
            line = try Options(arguments, known: options)
        } catch {
            Console.error("scan: \(error); \(Usage.hint("scan"))")
            return ExitStatus.usage
        }
        if let word = line.operands.first {
            Console.error("scan: \(word) is one word too many; \(Usage.hint("scan"))")
            return ExitStatus.usage
        }
        do throws(SetupError) {
            return try scan(line)
        } catch {
            Console.error("scan: \(error)")
            return ExitStatus.failure
        }
    }

    private static func scan(_ line: Options) throws(SetupError) -> Int32 {
        let seconds = try seconds(line.values["for"] ?? "10")
        let desk = try BusDesk()
        let adapter = try BleCommand.adapter(line.values["adapter"], of: desk)
        try BleCommand.demand(
            desk.call(.setDiscoveryFilter(adapter: adapter, rssiLimit: nil)), "scanning")
        let failure = try desk.call(.startDiscovery(adapter: adapter))
        // A gateway beside us may be scanning for itself; its advertisements are ours too.
        if failure != .inProgress { try BleCommand.demand(failure, "scanning") }
        try desk.listen(until: Clock.monotonicNanoseconds() + Int64(seconds * 1e9))
        _ = try desk.call(.stopDiscovery(adapter: adapter))

        let isForAll = line.values["all"] != nil
        let found = desk.devices.values.filter { device in
            device.adapter == adapter && (device.measures != nil || isForAll)
        }.sorted { ($0.rssi ?? Int16.min, $0.path.bits) > ($1.rssi ?? Int16.min, $1.path.bits) }
        if line.values["json"] != nil {
            for device in found { Console.line(device.json) }
            return ExitStatus.success
        }
        return show(found, of: desk.devices.count, seconds: seconds)
    }

    private static func show(
        _ found: [BusDesk.Device], of count: Int, seconds: Double
    ) -> Int32 {
        guard !found.isEmpty else {
            Console.line(
                "no sensor in \(Int(seconds)) s (\(count) other devices; --all lists them): "
                    + "wear the strap with wet electrodes, and disconnect it from phones and "
                    + "watches")
            return ExitStatus.success
        }
        Console.line(BusDesk.Device.tableHead)
        for device in found { Console.line(device.tableLine) }
        let snippets = found.compactMap(\.snippet)
        guard !snippets.isEmpty else { return ExitStatus.success }
        Console.line("\n# for the configuration ([input] type = bluetooth)")
        for snippet in snippets { Console.line("\n\(snippet)") }
        return ExitStatus.success
    }

    private static func seconds(_ text: String) throws(SetupError) -> Double {
        guard let seconds = Double(text), seconds > 0, seconds <= 600 else {
            throw SetupError(
                "--for \(text): give seconds, more than 0 and at most 600, as in --for 10")
        }
        return seconds
    }
}
