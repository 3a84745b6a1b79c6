import Bytes
import BlueZ
import Linux
import SensorLink
import Vitals

/// BlueZ asked by hand, one thing at a time, beside a gateway that may be running: for `scan` and
/// `ble`. What BlueZ says meanwhile is kept.
final class BusDesk {
    /// A device as far as it is known.
    struct Device {
        let adapter: UInt8
        /// The address in the object's path: what calls take.
        let path: BluetoothAddress
        var facts = DeviceFacts()
        var batteryPercent: UInt8?
        var characteristics: [CharacteristicID: Characteristic] = [:]

        var address: BluetoothAddress { facts.address ?? path }
        var services: ServiceSet { facts.services ?? [] }
        var rssi: Int16? { facts.rssi ?? nil }
        var name: String { facts.name.map { RadioText.text($0) } ?? "" }
        var isConnected: Bool { facts.isConnected ?? false }

        /// It changes its address every few minutes: random, its two highest bits 01
        /// (Core Specification 5.4, volume 6, part B, section 1.3.2.2).
        var isResolvable: Bool { facts.addressKind == .random && address.bits >> 46 == 0b01 }
    }

    /// How long a call other than Connect may take: Disconnect needs 2.7 s.
    private static let callNanoseconds: Int64 = 10_000_000_000
    /// BlueZ gives a connection up after 40 s.
    static let connectNanoseconds: Int64 = 45_000_000_000

    private let bus: BlueZClient
    private var poller: Poller
    private var lastCall: UInt32 = 0
    private(set) var adapters: [UInt8: AdapterFacts] = [:]
    private(set) var devices: [BluetoothAddress: Device] = [:]
    private var completed: (CallID, CallFailure?)?
    /// The bytes of the value that was read last.
    private(set) var value: [UInt8] = []
    private var isOpen = false
    private var hasDaemon: Bool?

    /// Opens the bus and reads everything that BlueZ knows.
    init() throws(SetupError) {
        bus = try Self.makeBus()
        poller = try SetupError.wrap { () throws(SystemError) in try Poller() }
        try open()
        if let failure = try call(.enumerate) {
            throw SetupError("BlueZ does not list its devices: \(RadioText.text(failure))")
        }
    }

    private static func makeBus() throws(SetupError) -> BlueZClient {
        do throws(BlueZError) {
            return try BlueZClient()
        } catch {
            throw SetupError("\(error)")
        }
    }

    private func open() throws(SetupError) {
        do throws(SystemError) {
            try poller.set(bus.number, token: 0, readable: true, writable: false)
        } catch {
            throw SetupError("\(error)")
        }
        bus.perform(.openBus)
        let end = Clock.monotonicNanoseconds() + (BlueZClient.openSecondsMax + 1) * 1_000_000_000
        while !isOpen || hasDaemon == nil {
            guard try turn(until: end) else { break }
        }
        guard isOpen else {
            throw SetupError("no system bus: \(bus.closure) (systemctl status dbus)")
        }
        guard hasDaemon == true else {
            throw SetupError("bluetoothd is not running (systemctl start bluetooth)")
        }
    }

    /// Asks and waits for the answer; nil is success.
    func call(
        _ call: BluetoothCall, timeoutNanoseconds: Int64 = BusDesk.callNanoseconds
    ) throws(SetupError) -> CallFailure? {
        lastCall += 1
        let id = CallID(lastCall)
        completed = nil
        bus.perform(.call(id, call))
        let end = Clock.monotonicNanoseconds() + timeoutNanoseconds
        while true {
            try takeEvents()
            if let done = completed, done.0 == id { return done.1 }
            guard isOpen else { throw SetupError("the system bus is gone: \(bus.closure)") }
            guard try turn(until: end) else {
                bus.perform(.abandon(id))
                throw SetupError(
                    "BlueZ did not answer in \(Messages.seconds(timeoutNanoseconds)) "
                        + "(systemctl restart bluetooth)")
            }
        }
    }

    /// Listens to what BlueZ says until `end` (monotonic nanoseconds).
    func listen(until end: Int64) throws(SetupError) {
        while try turn(until: end) {}
    }

    /// Waits once. Answers whether the time is not over.
    private func turn(until end: Int64) throws(SetupError) -> Bool {
        try takeEvents()
        let left = end - Clock.monotonicNanoseconds()
        guard left > 0 else { return false }
        do throws(SystemError) {
            try poller.wait(timeoutNanoseconds: left) { _ in }
        } catch {
            throw SetupError("\(error)")
        }
        try takeEvents()
        return true
    }

    private func takeEvents() throws(SetupError) {
        do throws(BlueZError) {
            try bus.service()
        } catch {
            throw SetupError("\(error)")
        }
        while let event = bus.nextEvent() { note(event) }
    }

    private func note(_ event: BluetoothEvent) {
        switch event {
        case .busOpened: isOpen = true
        case .busClosed: isOpen = false
        case .daemonAppeared: hasDaemon = true
        case .daemonVanished: hasDaemon = false
        case .adapterFound(let adapter, let facts): adapters[adapter] = facts
        case .adapterChanged(let adapter, let facts):
            if let isPowered = facts.isPowered { adapters[adapter]?.isPowered = isPowered }
        case .adapterRemoved(let adapter): adapters[adapter] = nil
        case .deviceFound(let adapter, let path, let facts),
            .deviceChanged(let adapter, let path, let facts):
            devices[path, default: Device(adapter: adapter, path: path)].facts.merge(facts)
        case .deviceRemoved(_, let path): devices[path] = nil
        case .characteristicFound(let adapter, let id, let facts):
            guard let kind = facts.kind else { break }
            devices[id.device, default: Device(adapter: adapter, path: id.device)]
                .characteristics[id] = kind
        case .characteristicRemoved(_, let id): devices[id.device]?.characteristics[id] = nil
        case .batteryLevel(_, let path, let percent): devices[path]?.batteryPercent = percent
        case .completed(let id, let failure):
            completed = (id, failure)
            bus.withValue { value = [UInt8](copying: $0) }
        case .characteristicChanged, .valueArrived, .malformedMessage: break
        }
    }
}

extension DeviceFacts {
    /// Takes over what `other` says.
    mutating func merge(_ other: DeviceFacts) {
        address = other.address ?? address
        addressKind = other.addressKind ?? addressKind
        name = other.name ?? name
        services = other.services ?? services
        isConnected = other.isConnected ?? isConnected
        servicesResolved = other.servicesResolved ?? servicesResolved
        isPaired = other.isPaired ?? isPaired
        // The strength of the last advertisement is kept when BlueZ withdraws it.
        if case .some(.some(let strength)) = other.rssi { rssi = .some(strength) }
    }
}

extension [UInt8] {
    fileprivate init(copying bytes: Span<UInt8>) {
        self.init()
        reserveCapacity(bytes.count)
        for index in bytes.indices { append(bytes[index]) }
    }
}
