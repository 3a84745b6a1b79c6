internal import CDBus
internal import Glibc
internal import Linux

/// One address of a bus (D-Bus specification, "Server Addresses") that can be opened without
/// waiting: a socket of this machine. Others are refused: `tcp:` would wait for a name server
/// and a handshake, `unixexec:` would start a program.
struct BusAddress: Equatable {
    /// Debian's libdbus has this as its default.
    static let systemBus = "unix:path=/run/dbus/system_bus_socket"

    let socket: UnixSocket.Name
    /// The address for libdbus.
    let text: String

    /// The addresses in `list`, first choice first; nil when there is none, or one that is of
    /// another kind or can not be read.
    static func parse(_ list: String) -> [BusAddress]? {
        var entries: UnsafeMutablePointer<OpaquePointer?>?
        var count: Int32 = 0
        guard unsafe dbus_parse_address(list, &entries, &count, nil) != 0 else { return nil }
        defer { unsafe dbus_address_entries_free(entries) }
        var found: [BusAddress] = []
        for index in 0..<Int(count) {
            guard let entry = unsafe entries?[index], let address = unsafe read(entry) else {
                return nil
            }
            found.append(address)
        }
        return found.isEmpty ? nil : found
    }

    private static func read(_ entry: OpaquePointer) -> BusAddress? {
        guard let method = unsafe dbus_address_entry_get_method(entry),
            unsafe strcmp(method, "unix") == 0
        else { return nil }
        for (key, isPath) in [("path", true), ("abstract", false)] {
            guard let value = unsafe dbus_address_entry_get_value(entry, key),
                let escaped = unsafe dbus_address_escape_value(value)
            else { continue }
            defer { unsafe dbus_free(escaped) }
            let name = unsafe String(cString: value)
            return BusAddress(
                socket: isPath ? .path(name) : .abstract(name),
                text: unsafe "unix:\(key)=\(String(cString: escaped))")
        }
        return nil
    }
}
