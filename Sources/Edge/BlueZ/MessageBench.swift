internal import Bytes
internal import CDBus
package import SensorLink

/// The way from a message's bytes to its events without a bus: for tests that throw any bytes at
/// it, and for those that count what it takes from the heap.
package final class MessageBench {
    /// What the message is taken for.
    package enum Role: CaseIterable, Sendable {
        case signal
        /// The answer of a call.
        case objects, value, failure
    }

    private var reader = EventReader()
    private var message: Message?

    package init() {}

    /// Has libdbus read `bytes`, as it does those of a bus: false when it refuses them, which
    /// ends a connection.
    package func load(_ bytes: Span<UInt8>) -> Bool {
        message = nil
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                message = unsafe Message(
                    owning: dbus_message_demarshal(
                        text.baseAddress, Int32(truncatingIfNeeded: text.count), nil))
            }
        }
        return message != nil
    }

    /// Hands every event of the loaded message to `body`.
    package func read(as role: Role, _ body: (BluetoothEvent) -> Void) {
        guard let message = message.take() else { return }
        let call = CallID(1)
        var event: BluetoothEvent?
        switch role {
        case .signal: event = reader.take(signal: message)
        case .objects: event = reader.take(objects: message, of: call)
        case .value: event = reader.take(value: message, of: call)
        case .failure: event = .completed(call, BlueZClient.failure(message))
        }
        while let next = event {
            body(next)
            event = reader.next()
        }
    }

    /// Lends the bytes of the last value to `body`.
    package func withValue<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        reader.withValue(body)
    }
}
