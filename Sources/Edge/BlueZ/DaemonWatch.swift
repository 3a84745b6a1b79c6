internal import Bytes

/// Who BlueZ is on the bus now: the unique name of the connection that owns `org.bluez`.
struct DaemonWatch: ~Copyable {
    /// The longest name on a bus (D-Bus specification, "Valid Names").
    private static let nameBytesMax = 255

    private var owner = FixedBuffer(capacity: DaemonWatch.nameBytesMax)

    /// How the owner has changed.
    enum Change {
        case none, appeared, vanished
        /// Another one has taken the name over at once.
        case replaced
    }

    var isThere: Bool { owner.count > 0 }

    mutating func forget() { owner.removeAll() }

    /// The name belongs to `name` now; to nobody when it is empty.
    mutating func take(_ name: Span<UInt8>) -> Change {
        let wasThere = isThere
        guard name.count <= Self.nameBytesMax, !isOwner(name) else { return .none }
        owner.removeAll()
        owner.append(name)
        return wasThere ? (isThere ? .replaced : .vanished) : .appeared
    }

    private func isOwner(_ name: Span<UInt8>) -> Bool {
        let known = owner.bytes
        guard known.count == name.count else { return false }
        for index in known.indices where known[index] != name[index] { return false }
        return true
    }

    /// The message comes from BlueZ.
    func sent(_ message: borrowing Message) -> Bool { isThere && message.isFrom(owner.bytes) }
}
