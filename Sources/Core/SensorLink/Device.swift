import Vitals

/// A characteristic of a kind that is known here.
struct KnownCharacteristic {
    var handle: UInt16 = 0
    var service: UInt16 = 0
    var kind = Characteristic.heartRateMeasurement
    /// nil: its flags were not told.
    var canNotify: Bool?
    var isNotifying = false
}

/// What is known of one BlueZ device object.
struct Device {
    let adapter: UInt8
    /// That of the object's path.
    let address: BluetoothAddress
    /// The object itself was told of, not only something below it.
    var isFound = false
    var identity: BluetoothAddress
    var kind: AddressKind?
    var name = DeviceName()
    /// As BlueZ has it now: it withdraws it when discovery ends.
    var rssi: Int16?
    /// The last there was.
    var lastRSSI: Int16?
    var services = ServiceSet(rawValue: 0)
    var isConnected = false
    var servicesResolved = false
    var isPaired = false
    /// The last advertisement that may still lead to a connection; nil when an attempt has
    /// failed since.
    var seenAt: Int64?
    /// Anything was told of it.
    var touchedAt: Int64
    /// The sensor that it is.
    var sensor: Int?
    /// A choice fits it.
    var isWanted = false
    private var characteristics = InlineArray<16, KnownCharacteristic>(
        repeating: KnownCharacteristic())
    private(set) var characteristicCount = 0

    init(adapter: UInt8, address: BluetoothAddress, now: Int64) {
        self.adapter = adapter
        self.address = address
        identity = address
        touchedAt = now
    }

    /// Random and resolvable: it changes (its two highest bits are 01).
    var isResolvable: Bool { kind == .random && address.bits >> 46 == 0b01 }

    /// An advertisement is new enough for an attempt to connect.
    func isSeen(now: Int64, within sighting: Int64) -> Bool {
        guard let seenAt else { return false }
        return rssi != nil || now - seenAt <= sighting
    }

    mutating func take(_ facts: DeviceFacts, now: Int64) {
        touchedAt = now
        if let address = facts.address { identity = address }
        if let kind = facts.addressKind { self.kind = kind }
        if let name = facts.name { self.name = name }
        if let services = facts.services { self.services = services }
        if let isConnected = facts.isConnected { self.isConnected = isConnected }
        if let resolved = facts.servicesResolved { servicesResolved = resolved }
        if let isPaired = facts.isPaired { self.isPaired = isPaired }
        // Without a connection there are no resolved services, whatever was not said.
        if !isConnected { servicesResolved = false }
        guard let rssi = facts.rssi else { return }
        self.rssi = rssi
        if let rssi {
            lastRSSI = rssi
            seenAt = now
        }
    }

    // MARK: Characteristics

    func characteristic(_ index: Int) -> KnownCharacteristic { characteristics[index] }

    func id(_ index: Int) -> CharacteristicID {
        CharacteristicID(
            device: address, service: characteristics[index].service,
            handle: characteristics[index].handle)
    }

    func index(handle: UInt16) -> Int? {
        for index in 0..<characteristicCount where characteristics[index].handle == handle {
            return index
        }
        return nil
    }

    func index(of kind: Characteristic) -> Int? {
        for index in 0..<characteristicCount where characteristics[index].kind == kind {
            return index
        }
        return nil
    }

    /// Adds it, or changes what was said of it. Beyond 16 none is taken: no sensor has more of
    /// the kinds that are known here.
    mutating func take(_ id: CharacteristicID, _ facts: CharacteristicFacts) {
        if let index = index(handle: id.handle) {
            if let kind = facts.kind { characteristics[index].kind = kind }
            if let can = facts.canNotify { characteristics[index].canNotify = can }
            if let isNotifying = facts.isNotifying {
                characteristics[index].isNotifying = isNotifying
            }
            return
        }
        guard let kind = facts.kind, characteristicCount < LinkLimits.characteristics else {
            return
        }
        characteristics[characteristicCount] = KnownCharacteristic(
            handle: id.handle, service: id.service, kind: kind, canNotify: facts.canNotify,
            isNotifying: facts.isNotifying ?? false)
        characteristicCount += 1
    }

    mutating func remove(handle: UInt16) {
        guard let index = index(handle: handle) else { return }
        characteristicCount -= 1
        characteristics[index] = characteristics[characteristicCount]
    }
}

/// The devices that are known, at most 64. An index stays that of its device until it is removed.
struct DeviceTable: ~Copyable {
    private var devices: [Device]
    /// Adapter and address of each, `free` where there is none: what every value is looked up in.
    private var keys: [UInt64]
    private static let free = UInt64.max

    init() {
        let none = Device(adapter: 0, address: BluetoothAddress(0), now: 0)
        devices = Array(repeating: none, count: LinkLimits.devices)
        keys = Array(repeating: Self.free, count: LinkLimits.devices)
    }

    var indices: Range<Int> { 0..<LinkLimits.devices }

    func isUsed(_ index: Int) -> Bool { keys[index] != Self.free }

    subscript(index: Int) -> Device {
        _read { yield devices[index] }
        _modify { yield &devices[index] }
    }

    private static func key(_ adapter: UInt8, _ address: BluetoothAddress) -> UInt64 {
        UInt64(adapter) << 48 | address.bits
    }

    func index(adapter: UInt8, _ address: BluetoothAddress) -> Int? {
        let key = Self.key(adapter, address)
        for index in keys.indices where keys[index] == key { return index }
        return nil
    }

    mutating func insert(_ device: Device, at index: Int) {
        devices[index] = device
        keys[index] = Self.key(device.adapter, device.address)
    }

    mutating func remove(_ index: Int) { keys[index] = Self.free }

    /// The index for one more: a free one, else that of the device to be forgotten for it, which
    /// is no sensor: one that nobody wants, the weakest, the one that was longest not heard of.
    func place() -> Int {
        var worst: (index: Int, wanted: Int, rssi: Int16, touchedAt: Int64)?
        for index in keys.indices {
            if !isUsed(index) { return index }
            if devices[index].sensor != nil { continue }
            let wanted = devices[index].isWanted ? 1 : 0
            let rssi = devices[index].rssi ?? Int16.min
            let touchedAt = devices[index].touchedAt
            if let worst,
                (worst.wanted, worst.rssi, worst.touchedAt) <= (wanted, rssi, touchedAt)
            {
                continue
            }
            worst = (index, wanted, rssi, touchedAt)
        }
        precondition(worst != nil, "sensors are fewer than devices")
        return worst?.index ?? 0
    }
}
