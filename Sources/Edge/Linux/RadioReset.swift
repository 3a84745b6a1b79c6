internal import Bytes
internal import CLinux
internal import Glibc

/// Unblocks a Bluetooth radio, or blocks and unblocks it where nobody had blocked it (rfkill, the
/// kernel's switch of radios; Documentation/driver-api/rfkill.rst). On demand one that somebody
/// has blocked is left alone.
///
/// A job for a worker: the kernel shuts the adapter down inside the write that blocks it, which
/// takes seconds with a chip that is dead.
public final class RadioReset: DiskJob, @unchecked Sendable {
    // Between `submit` and `nextFinished` the worker alone touches the job.

    /// What `perform` came to: nil when it went well.
    public private(set) var failure: SystemError?
    /// The caller's own, to know the job again.
    public let token: UInt32
    private let adapter: UInt8?
    private let unblocks: Bool
    private let device: String
    private let names: String

    /// `struct rfkill_event` of <linux/rfkill.h>: index of 32 bits (little-endian here), type,
    /// operation, soft block, hard block.
    private static let eventBytes = 8
    private static let bluetooth: UInt8 = 2
    private enum Operation { static let add: UInt8 = 0, change: UInt8 = 2 }
    /// More radios than a board has.
    private static let radiosMax = 32

    /// The radio of `hci<adapter>`, or every Bluetooth radio. `device` and `names` are other
    /// places of /dev/rfkill and /sys/class/rfkill, for tests.
    public init(
        adapter: UInt8?, unblocks: Bool, token: UInt32, device: String = "/dev/rfkill",
        names: String = "/sys/class/rfkill"
    ) {
        self.adapter = adapter
        self.unblocks = unblocks
        self.token = token
        self.device = device
        self.names = names
    }

    public func perform() {
        do throws(SystemError) { try reset() } catch { failure = error }
    }

    private struct Radio {
        let index: UInt32
        let isBlocked: Bool
    }

    private func reset() throws(SystemError) {
        let file = FileDescriptor(
            owning: try retrying("open", device) {
                unsafe pulsegate_open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
            })
        let radios = try list(file)
        if radios.isEmpty { throw SystemError(call: "read", subject: device, number: ENODEV) }
        for radio in radios where unblocks || !radio.isBlocked {
            if !radio.isBlocked { try set(radio, blocked: true, file) }
            try set(radio, blocked: false, file)
        }
    }

    /// A reader is first told of every radio there is.
    private func list(_ file: borrowing FileDescriptor) throws(SystemError) -> [Radio] {
        var radios: [Radio] = []
        var event = FixedBuffer(capacity: Self.eventBytes)
        while radios.count < Self.radiosMax {
            event.removeAll()
            let length = try file.read(atMost: Self.eventBytes, into: &event, subject: device)
            guard length == Self.eventBytes else { break }
            let bytes = event.bytes
            let index = bytes.loadUInt32(at: 0)
            guard bytes[4] == Self.bluetooth, bytes[5] == Operation.add, isWanted(index) else {
                continue
            }
            radios.append(Radio(index: index, isBlocked: bytes[6] != 0))
        }
        return radios
    }

    /// The radio's name is the adapter's. A radio without a readable name is none of ours.
    private func isWanted(_ index: UInt32) -> Bool {
        guard let adapter else { return true }
        let path = "\(names)/rfkill\(index)/name"
        var name = FixedBuffer(capacity: 64)
        do throws(SystemError) {
            let file = try FileDescriptor.open(path, .readOnly)
            _ = try file.read(atMost: 64, into: &name, subject: path)
        } catch {
            return false
        }
        return String(decoding: name.bytes) == "hci\(adapter)\n"
    }

    private func set(
        _ radio: Radio, blocked: Bool, _ file: borrowing FileDescriptor
    ) throws(SystemError) {
        var event = FixedBuffer(capacity: Self.eventBytes)
        for byte in 0..<4 {
            event.append(UInt8(truncatingIfNeeded: radio.index >> UInt32(8 * byte)))
        }
        event.append(Self.bluetooth)
        event.append(Operation.change)
        event.append(blocked ? 1 : 0)
        event.append(0)
        try file.write(event.bytes, subject: device)
    }
}
