public import Vitals

/// A GATT characteristic of a device: BlueZ's object path holds the handles.
public struct CharacteristicID: Hashable, Sendable {
    public let device: BluetoothAddress
    /// The attribute handle in the object's name (`char0011`).
    public let handle: UInt16
    /// The handle of its service (`service0010`).
    public let service: UInt16

    public init(device: BluetoothAddress, service: UInt16, handle: UInt16) {
        self.device = device
        self.service = service
        self.handle = handle
    }
}

/// A device's name, at most 32 bytes of UTF-8 (an advertisement has room for 29); a longer one
/// is cut at a character.
public struct DeviceName: Equatable, Sendable {
    public static let limit = 32

    private var text = InlineArray<32, UInt8>(repeating: 0)
    public private(set) var count = 0

    public init() {}

    /// Takes what fits of `name`, cut before the character that does not.
    public init(_ name: Span<UInt8>) {
        var end = min(name.count, Self.limit)
        if end < name.count {
            // 10xxxxxx goes on with a character (RFC 3629, section 3).
            while end > 0 && name[end] & 0xC0 == 0x80 { end -= 1 }
        }
        for index in 0..<end { text[index] = name[index] }
        count = end
    }

    public init(_ name: String) {
        var bytes = InlineArray<256, UInt8>(repeating: 0)
        var length = 0
        for byte in name.utf8.prefix(256) {
            bytes[length] = byte
            length += 1
        }
        self.init(bytes.span.extracting(0..<length))
    }

    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.span.extracting(0..<count) }
    }

    public static func == (one: DeviceName, other: DeviceName) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where one.text[index] != other.text[index] { return false }
        return true
    }
}

/// What a message said about a device; nil is what it did not say.
public struct DeviceFacts: Equatable, Sendable {
    /// The identity address where BlueZ knows one, else the one of the path.
    public var address: BluetoothAddress?
    public var addressKind: AddressKind?
    public var name: DeviceName?
    /// dBm. `.some(nil)`: BlueZ has withdrawn it, as it does when discovery ends.
    public var rssi: Int16??
    public var services: ServiceSet?
    public var isConnected: Bool?
    public var servicesResolved: Bool?
    public var isPaired: Bool?

    public init() {}
}

/// What a message said about an adapter; nil is what it did not say.
public struct AdapterFacts: Equatable, Sendable {
    public var address: BluetoothAddress?
    public var isPowered: Bool?
    public var isDiscovering: Bool?

    public init() {}
}

/// What a message said about a characteristic; nil is what it did not say.
public struct CharacteristicFacts: Equatable, Sendable {
    /// nil: it was not said or is none that is known here.
    public var kind: Characteristic?
    /// Its flags have `notify` or `indicate`.
    public var canNotify: Bool?
    public var isNotifying: Bool?

    public init() {}
}

/// Names a call that is under way; never used twice.
public struct CallID: Hashable, Sendable {
    public let number: UInt32

    public init(_ number: UInt32) { self.number = number }
}

/// Something happened on the bus. An adapter is the number in its name (`hci0` is 0).
public enum BluetoothEvent: Equatable, Sendable {
    /// The bus connection is there: match rules are set, `org.bluez` is watched.
    case busOpened
    /// It ended, or could not be opened. Every call under way has ended with it.
    case busClosed
    /// `org.bluez` has an owner.
    case daemonAppeared
    /// It has none: every object is gone, every call under way has ended or will never.
    case daemonVanished
    case adapterFound(adapter: UInt8, AdapterFacts)
    case adapterChanged(adapter: UInt8, AdapterFacts)
    case adapterRemoved(adapter: UInt8)
    case deviceFound(adapter: UInt8, BluetoothAddress, DeviceFacts)
    case deviceChanged(adapter: UInt8, BluetoothAddress, DeviceFacts)
    /// Every object below it is gone too, and a call on it may never be answered.
    case deviceRemoved(adapter: UInt8, BluetoothAddress)
    case characteristicFound(adapter: UInt8, CharacteristicID, CharacteristicFacts)
    case characteristicChanged(adapter: UInt8, CharacteristicID, CharacteristicFacts)
    case characteristicRemoved(adapter: UInt8, CharacteristicID)
    /// A value has come (a notification or an indication). The bytes are beside the event.
    case valueArrived(adapter: UInt8, CharacteristicID)
    /// `org.bluez.Battery1.Percentage`.
    case batteryLevel(adapter: UInt8, BluetoothAddress, percent: UInt8)
    /// The answer of a call. The bytes of a read value are beside the event.
    case completed(CallID, CallFailure?)
    /// A message that should have been one of the above and could not be read.
    case malformedMessage
}

/// Why a call failed, sorted by what follows from it.
///
/// BlueZ uses few error names for many causes and changes them between versions, so name and
/// text are both looked at by the edge.
public enum CallFailure: Error, Equatable, Sendable {
    /// The same operation is under way: `InProgress`, `Busy`, or `Failed` "Operation already in
    /// progress" (BlueZ 5.66) or "In Progress".
    case inProgress
    /// `Failed` "le-connection-abort-by-local" and its kin: the attempt has ended; the link may
    /// come up for a moment all the same.
    case connectionAborted
    /// `br-connection-*`: the attempt went to the wrong radio of a dual-mode device, or was
    /// cancelled by our own Disconnect ("br-connection-canceled", on LE too).
    case classicBluetooth
    case connectionCancelled
    /// The object is gone (`UnknownObject`, `DoesNotExist`): look for the device again.
    case unknownObject
    /// The adapter is off (`NotReady`, `Failed` "Input/output error").
    case notReady
    /// `NotSupported`, `NotPermitted`, `NotAuthorized`: trying again changes nothing.
    case notPermitted
    case authentication
    /// `NotConnected`, "Not connected".
    case notConnected
    /// `Failed` "No discovery started", "No notify session started": it is already so.
    case notStarted
    /// Nobody owns `org.bluez` (`NameHasNoOwner`, `ServiceUnknown`, `Spawn.*`, `FileExists`,
    /// `NoReply`, `Disconnected`).
    case daemonAway
    /// The call could not be sent: no memory, too many calls under way.
    case notSent
    /// The bus refuses (`AccessDenied`): a policy file is missing.
    case accessDenied
    /// Any other, or another text.
    case other
}
