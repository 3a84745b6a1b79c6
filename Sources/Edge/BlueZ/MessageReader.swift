internal import CDBus

/// A place in the body of a message: reads what is there if it is of the type that is asked for,
/// and nil if not. It must not be used when its message has gone.
@safe
struct MessageReader {
    private var iterator: DBusMessageIter

    /// The first argument. `message` is kept by whoever keeps the reader.
    init(_ message: borrowing Message) {
        unsafe iterator = DBusMessageIter()
        // Without arguments, it stands at the end.
        _ = unsafe dbus_message_iter_init(message.raw, &iterator)
    }

    private init(_ iterator: DBusMessageIter) { unsafe self.iterator = iterator }

    private mutating func stands(at type: Int) -> Bool {
        unsafe dbus_message_iter_get_arg_type(&iterator) == Int32(truncatingIfNeeded: type)
    }

    var isAtEnd: Bool {
        mutating get { stands(at: Int(PULSEGATE_DBUS_END)) }
    }

    /// Goes to the next argument, element or half of an entry.
    mutating func advance() { _ = unsafe dbus_message_iter_next(&iterator) }

    private mutating func enter(_ type: Int) -> MessageReader? {
        guard stands(at: type) else { return nil }
        var inner = unsafe DBusMessageIter()
        unsafe dbus_message_iter_recurse(&iterator, &inner)
        return unsafe MessageReader(inner)
    }

    /// The elements of an array.
    mutating func enterArray() -> MessageReader? { enter(Int(PULSEGATE_DBUS_ARRAY)) }
    /// Key and value of a dictionary's entry.
    mutating func enterEntry() -> MessageReader? { enter(Int(PULSEGATE_DBUS_DICT_ENTRY)) }
    /// What a variant holds.
    mutating func enterVariant() -> MessageReader? { enter(Int(PULSEGATE_DBUS_VARIANT)) }

    /// Lends a string to `body`.
    mutating func withText<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        guard stands(at: Int(PULSEGATE_DBUS_STRING)) else { return nil }
        return lendText(body)
    }

    /// Lends an object's path to `body`.
    mutating func path() -> ObjectPath? {
        guard stands(at: Int(PULSEGATE_DBUS_OBJECT_PATH)) else { return nil }
        return lendText { ObjectPath($0) }
    }

    private mutating func lendText<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        var text: UnsafePointer<CChar>?
        unsafe dbus_message_iter_get_basic(&iterator, &text)
        return unsafe withCText(text, body)
    }

    mutating func boolean() -> Bool? {
        guard stands(at: Int(PULSEGATE_DBUS_BOOLEAN)) else { return nil }
        var value: dbus_bool_t = 0
        unsafe dbus_message_iter_get_basic(&iterator, &value)
        return value != 0
    }

    mutating func byte() -> UInt8? {
        guard stands(at: Int(PULSEGATE_DBUS_BYTE)) else { return nil }
        var value: UInt8 = 0
        unsafe dbus_message_iter_get_basic(&iterator, &value)
        return value
    }

    mutating func int16() -> Int16? {
        guard stands(at: Int(PULSEGATE_DBUS_INT16)) else { return nil }
        var value: Int16 = 0
        unsafe dbus_message_iter_get_basic(&iterator, &value)
        return value
    }

    /// A copy of a descriptor, which the caller closes.
    mutating func descriptor() -> Int32? {
        guard stands(at: Int(PULSEGATE_DBUS_UNIX_FD)) else { return nil }
        var value: Int32 = -1
        unsafe dbus_message_iter_get_basic(&iterator, &value)
        return value >= 0 ? value : nil
    }

    /// Lends an array of bytes to `body`.
    mutating func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        guard stands(at: Int(PULSEGATE_DBUS_ARRAY)),
            unsafe dbus_message_iter_get_element_type(&iterator)
                == Int32(PULSEGATE_DBUS_BYTE),
            var elements = enterArray()
        else { return nil }
        var start: UnsafePointer<UInt8>?
        var count: Int32 = 0
        unsafe dbus_message_iter_get_fixed_array(&elements.iterator, &start, &count)
        guard let start = unsafe start, count > 0 else { return body(Span()) }
        return body(unsafe Span(_unsafeStart: start, count: Int(count)))
    }
}
