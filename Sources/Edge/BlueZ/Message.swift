internal import Bytes
internal import CDBus
internal import Glibc

/// A message of libdbus, owned. libdbus has checked its body against its signature when it came.
@safe
struct Message: ~Copyable {
    enum Kind { case call, reply, error, signal, other }

    let raw: OpaquePointer

    /// Takes over a reference.
    @unsafe
    init?(owning raw: OpaquePointer?) {
        guard let raw = unsafe raw else { return nil }
        unsafe self.raw = raw
    }

    deinit { unsafe dbus_message_unref(raw) }

    /// A call to a service, which is not started by it: a BlueZ that is stopped stays so.
    init?(
        to service: StaticString, path: borrowing PathText, interface: StaticString,
        member: StaticString
    ) {
        let made = unsafe path.withText { path in
            unsafe dbus_message_new_method_call(
                cText(service), path, cText(interface), cText(member))
        }
        guard let raw = unsafe made else { return nil }
        unsafe self.raw = raw
        unsafe dbus_message_set_auto_start(raw, 0)
    }

    var kind: Kind {
        switch unsafe dbus_message_get_type(raw) {
        case DBUS_MESSAGE_TYPE_METHOD_CALL: .call
        case DBUS_MESSAGE_TYPE_METHOD_RETURN: .reply
        case DBUS_MESSAGE_TYPE_ERROR: .error
        case DBUS_MESSAGE_TYPE_SIGNAL: .signal
        default: .other
        }
    }

    var replySerial: UInt32 { unsafe dbus_message_get_reply_serial(raw) }

    func isSignal(_ interface: StaticString, _ member: StaticString) -> Bool {
        unsafe dbus_message_is_signal(raw, cText(interface), cText(member)) != 0
    }

    func hasSignature(_ signature: StaticString) -> Bool {
        unsafe dbus_message_has_signature(raw, cText(signature)) != 0
    }

    func isFrom(_ sender: Span<UInt8>) -> Bool {
        unsafe withCText(dbus_message_get_sender(raw)) { text in
            guard text.count == sender.count else { return false }
            for index in text.indices where text[index] != sender[index] { return false }
            return true
        } ?? false
    }

    func isFrom(_ sender: StaticString) -> Bool {
        unsafe withCText(dbus_message_get_sender(raw)) { $0.equals(sender) } ?? false
    }

    var path: ObjectPath {
        unsafe withCText(dbus_message_get_path(raw)) { ObjectPath($0) } ?? .other
    }

    /// Lends the name of an error to `body`.
    func withErrorName<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        unsafe withCText(dbus_message_get_error_name(raw), body)
    }
}

/// An object's path as libdbus takes it: with a NUL at its end.
struct PathText: ~Copyable {
    private var bytes = FixedBuffer(capacity: ObjectPath.byteCountMax)

    init(_ path: ObjectPath) {
        path.append(to: &bytes)
        bytes.append(0)
        precondition(!bytes.overflowed, "a path of BlueZ has room")
    }

    init(_ path: StaticString) {
        bytes.append(path)
        bytes.append(0)
        precondition(!bytes.overflowed, "a path of BlueZ has room")
    }

    @unsafe
    borrowing func withText<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        unsafe bytes.bytes.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { unsafe body($0.baseAddress) }
        }
    }
}

/// Constant text for libdbus; a `StaticString` ends with a NUL.
@unsafe
func cText(_ text: StaticString) -> UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Lends text of libdbus to `body`; nil when there is none.
@unsafe
func withCText<Result>(
    _ text: UnsafePointer<CChar>?, _ body: (Span<UInt8>) -> Result
) -> Result? {
    guard let text = unsafe text else { return nil }
    let bytes = unsafe Span<UInt8>(
        _unsafeStart: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self),
        count: strlen(text))
    return body(bytes)
}
