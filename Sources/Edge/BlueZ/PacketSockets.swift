internal import Bytes
internal import Linux
internal import SensorLink

/// The sockets of AcquireNotify: each packet is a value of its characteristic.
///
/// A socket has the same index from its coming to its going. One packet is taken of a socket
/// each time that it is ready, so that none can hold up the others.
struct PacketSockets: ~Copyable {
    /// As many as calls may be under way: one for each of 50 sensors, and some.
    static let limit = 64

    final class Entry {
        let socket: FileDescriptor
        let adapter: UInt8
        let id: CharacteristicID

        init(_ socket: consuming FileDescriptor, _ adapter: UInt8, _ id: CharacteristicID) {
            self.socket = socket
            self.adapter = adapter
            self.id = id
        }
    }

    struct Ready: BitwiseCopyable {
        var index: Int
        var hasFailed: Bool
    }

    private var entries = [Entry?](repeating: nil, count: PacketSockets.limit)
    private var ready = FixedArray<Ready>(capacity: PacketSockets.limit)
    private(set) var count = 0

    /// Keeps a socket and watches it; false when there are too many, and the socket is closed.
    mutating func add(
        _ socket: consuming FileDescriptor, _ adapter: UInt8, _ id: CharacteristicID,
        in link: BusLink
    ) throws(SystemError) -> Bool {
        remove(adapter, id, from: link)
        guard let index = entries.firstIndex(where: { $0 == nil }) else { return false }
        try link.watch(socket.number, as: .packets, index: index)
        entries[index] = Entry(socket, adapter, id)
        count += 1
        return true
    }

    /// Closes the socket of a characteristic; false when there is none.
    @discardableResult
    mutating func remove(_ adapter: UInt8, _ id: CharacteristicID, from link: BusLink) -> Bool {
        for index in entries.indices {
            guard let entry = entries[index], entry.adapter == adapter, entry.id == id else {
                continue
            }
            remove(index, from: link)
            return true
        }
        return false
    }

    mutating func removeAll(from link: BusLink) {
        for index in entries.indices { remove(index, from: link) }
        ready.removeAll()
    }

    private mutating func remove(_ index: Int, from link: BusLink) {
        guard let entry = entries[index] else { return }
        link.ignore(entry.socket.number)
        entries[index] = nil
        count -= 1
    }

    /// Takes note that a socket can be read.
    mutating func note(_ index: Int, hasFailed: Bool) {
        for place in 0..<ready.count where ready[place].index == index { return }
        ready.append(Ready(index: index, hasFailed: hasFailed))
    }

    /// The event of the next socket that was ready; its value goes into the buffer of `reader`.
    mutating func next(_ reader: inout EventReader, in link: BusLink) -> BluetoothEvent? {
        while ready.count > 0 {
            let state = ready[ready.count - 1]
            ready.truncate(to: ready.count - 1)
            guard let entry = entries[state.index] else { continue }
            var packet = ReceivedPacket.nothing
            do throws(SystemError) {
                try reader.takeValue { (buffer: inout FixedBuffer) throws(SystemError) in
                    packet = try entry.socket.receivePacket(
                        into: &buffer, hasEnded: state.hasFailed, subject: "AcquireNotify")
                }
            } catch {
                packet = .end
            }
            switch packet {
            case .nothing: continue
            case .packet(_, let isCut):
                if isCut { return .malformedMessage }
                return .valueArrived(adapter: entry.adapter, entry.id)
            case .end:
                remove(state.index, from: link)
                var facts = CharacteristicFacts()
                facts.isNotifying = false
                return .characteristicChanged(adapter: entry.adapter, entry.id, facts)
            }
        }
        return nil
    }
}
