import Bytes
import Linux
import SensorLink
import Vitals

/// `pulsegate ble …`: what BlueZ knows, and links by hand, for the field. A gateway that runs
/// beside it takes its sensors back by itself.
enum BleCommand {
    private static let options = [
        CommandOption("adapter", takesValue: true), CommandOption("json", takesValue: false),
    ]
    private static let words = ["list", "info", "connect", "disconnect", "forget"]

    static func run(_ arguments: [String]) -> Int32 {
        let names = words.joined(separator: ", ")
        guard let word = arguments.first, words.contains(word) else {
            let text = arguments.first.map { "\($0) is none of" } ?? "say which:"
            Console.error("ble: \(text) \(names); \(Usage.hint("ble"))")
            return ExitStatus.usage
        }
        let line: Options
        do throws(OptionsError) {
            line = try Options(Array(arguments.dropFirst()), known: options)
        } catch {
            Console.error("ble \(word): \(error); \(Usage.hint("ble"))")
            return ExitStatus.usage
        }
        let wanted = word == "list" ? 0 : 1
        guard line.operands.count == wanted || (word == "info" && line.operands.isEmpty) else {
            let text =
                line.operands.count < wanted
                ? "the ADDRESS is missing" : "\(line.operands[wanted]) is one word too many"
            Console.error("ble \(word): \(text); \(Usage.hint("ble"))")
            return ExitStatus.usage
        }
        do throws(SetupError) {
            try carryOut(word, line)
            return ExitStatus.success
        } catch {
            Console.error("ble \(word): \(error)")
            return ExitStatus.failure
        }
    }

    private static func carryOut(_ word: String, _ line: Options) throws(SetupError) {
        let desk = try BusDesk()
        if word == "list" { return list(desk, line) }
        guard let text = line.operands.first else { return showAdapters(desk) }
        let device = try device(text, of: desk)
        let name = RadioText.text(device.address)
        switch word {
        case "info": try info(device, desk)
        case "connect":
            try demand(
                desk.call(
                    .connect(adapter: device.adapter, device.path),
                    timeoutNanoseconds: BusDesk.connectNanoseconds), "connecting to \(name)")
            Console.line("\(name) is connected")
        case "disconnect":
            try demand(
                desk.call(.disconnect(adapter: device.adapter, device.path)),
                "disconnecting \(name)")
            Console.line("\(name) is disconnected")
        default:
            try demand(
                desk.call(.removeDevice(adapter: device.adapter, device.path)),
                "forgetting \(name)")
            Console.line("\(name) is forgotten; the next scan finds it anew")
        }
    }

    private static func list(_ desk: BusDesk, _ line: Options) {
        let known = desk.devices.values.sorted { $0.path.bits < $1.path.bits }
        if line.values["json"] != nil {
            for device in known { Console.line(device.json) }
            return
        }
        guard !known.isEmpty else {
            return Console.line("BlueZ knows no device; `pulsegate scan` looks for some")
        }
        Console.line(BusDesk.Device.tableHead)
        for device in known { Console.line(device.tableLine) }
    }

    private static func showAdapters(_ desk: BusDesk) {
        guard !desk.adapters.isEmpty else {
            return Console.line("no adapter: check rfkill, dmesg and config.txt")
        }
        for (number, facts) in desk.adapters.sorted(by: { $0.key < $1.key }) {
            let power = facts.isPowered == true ? "on" : "off"
            let scan = facts.isDiscovering == true ? ", scanning" : ""
            let address = facts.address.map { RadioText.text($0) } ?? "-"
            Console.line("hci\(number)  \(address)  \(power)\(scan)")
        }
    }

    private static func info(
        _ device: BusDesk.Device, _ desk: BusDesk
    ) throws(SetupError) {
        Console.line(BusDesk.Device.tableHead)
        Console.line(device.tableLine)
        Console.line(
            "address kind: "
                + (device.isResolvable
                    ? "random, resolvable (it changes)"
                    : device.facts.addressKind == .random ? "random, static" : "public"))
        guard device.isConnected else {
            return Console.line("not connected: what it says of itself can not be read")
        }
        let readable: [Characteristic] = [
            .manufacturerName, .modelNumber, .firmwareRevision, .serialNumber,
            .bodySensorLocation, .batteryLevel,
        ]
        let found = device.characteristics.sorted { $0.key.handle < $1.key.handle }
        for (id, kind) in found where readable.contains(kind) {
            let failure = try desk.call(.readValue(adapter: device.adapter, id))
            let text = failure.map { "(\(RadioText.text($0)))" } ?? value(desk.value, kind)
            Console.line("\(RadioText.text(kind)): \(text)")
        }
        for (_, kind) in found where kind.isMeasurement {
            Console.line("measures: \(RadioText.text(kind))")
        }
    }

    private static func value(_ bytes: [UInt8], _ kind: Characteristic) -> String {
        switch kind {
        case .bodySensorLocation:
            // Heart Rate Service 1.0, section 3.2.
            let places = ["other", "chest", "wrist", "finger", "hand", "ear lobe", "foot"]
            return bytes.first.flatMap { Int($0) < places.count ? places[Int($0)] : nil }
                ?? "unknown"
        case .batteryLevel: return bytes.first.map { "\($0) %" } ?? "unknown"
        default: return RadioText.text(DeviceName(bytes.span))
        }
    }
}

// MARK: - What the commands share

extension BleCommand {
    /// The adapter of this name, else the first that there is; it is switched on.
    static func adapter(
        _ name: String?, of desk: BusDesk
    ) throws(SetupError) -> UInt8 {
        let known = desk.adapters.keys.sorted()
        guard let first = known.first else {
            throw SetupError("no adapter: check rfkill, dmesg and config.txt")
        }
        var adapter = first
        if let name {
            guard name.hasPrefix("hci"), let number = UInt8(name.dropFirst(3)),
                known.contains(number)
            else {
                let names = known.map { "hci\($0)" }.joined(separator: ", ")
                throw SetupError("--adapter \(name): there is \(names)")
            }
            adapter = number
        }
        guard desk.adapters[adapter]?.isPowered == true else {
            throw SetupError(
                "hci\(adapter) is off: `rfkill unblock bluetooth`, then `bluetoothctl power on`")
        }
        return adapter
    }

    static func demand(_ failure: CallFailure?, _ what: String) throws(SetupError) {
        if let failure { throw SetupError("\(what) failed: \(RadioText.text(failure))") }
    }

    private static func device(
        _ text: String, of desk: BusDesk
    ) throws(SetupError) -> BusDesk.Device {
        guard let address = BluetoothAddress(Array(text.utf8).span) else {
            throw SetupError(
                "\(text) is no address; write it as `ble list` does, as in C0:00:00:00:00:01")
        }
        let found = desk.devices.values.first { $0.address == address || $0.path == address }
        guard let found else {
            throw SetupError("BlueZ does not know \(text); `pulsegate scan` looks for it")
        }
        return found
    }
}
