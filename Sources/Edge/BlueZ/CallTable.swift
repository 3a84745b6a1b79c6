internal import SensorLink

/// The calls under way, by the serial of their message.
struct CallTable {
    /// Calls under way at a time: one for each of 50 sensors, and the adapter's. The bus allows
    /// 128 (dbus-daemon(1), max_replies_per_connection of the system bus).
    static let limit = 64

    /// What a call was made for.
    enum Purpose {
        /// A step of opening the connection.
        case hello, addMatch, nameOwner
        case call(CallID, BluetoothCall)
    }

    private struct Entry {
        let serial: UInt32
        let purpose: Purpose
    }

    private var entries = [Entry?](repeating: nil, count: CallTable.limit)
    private(set) var count = 0

    var isFull: Bool { count == Self.limit }

    mutating func insert(_ serial: UInt32, _ purpose: Purpose) {
        for index in entries.indices where entries[index] == nil {
            entries[index] = Entry(serial: serial, purpose: purpose)
            count += 1
            return
        }
        preconditionFailure("a full table takes no more; ask isFull first")
    }

    /// Takes out the call whose answer has come; nil when nobody waits for it.
    mutating func remove(_ serial: UInt32) -> Purpose? {
        for index in entries.indices {
            guard let entry = entries[index], entry.serial == serial else { continue }
            entries[index] = nil
            count -= 1
            return entry.purpose
        }
        return nil
    }

    /// Takes out the calls that are named or meant by `isGone`.
    mutating func removeAll(where isGone: (CallID, BluetoothCall) -> Bool) {
        for index in entries.indices {
            guard case .call(let id, let call)? = entries[index]?.purpose, isGone(id, call) else {
                continue
            }
            entries[index] = nil
            count -= 1
        }
    }

    mutating func removeAll() {
        for index in entries.indices { entries[index] = nil }
        count = 0
    }
}
