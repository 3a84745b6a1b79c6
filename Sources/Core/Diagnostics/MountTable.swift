/// The mounts that a process sees: the text of /proc/self/mountinfo (proc_pid_mountinfo(5)).
///
/// ```
/// 36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw,errors=continue
///                  mount point             optional  - type source    options
/// ```
///
/// Lines that are not of this form are passed over: the kernel may say more one day.
public struct MountTable: Equatable, Sendable {
    /// One mount.
    public struct Mount: Equatable, Sendable {
        public let point: String
        public let fileSystem: String
        public let source: String
        /// Nothing can be written by anybody: the file system itself says `ro`, as the kernel
        /// makes it after an error. A mount alone may be read-only for one sandbox.
        public let isFileSystemReadOnly: Bool
        fileprivate let options: [Substring]

        /// The value of an option of the file system, as in `upperdir=/upper`.
        public func option(_ name: String) -> String? {
            for option in options where option.hasPrefix("\(name)=") {
                return MountTable.unescaped(option.dropFirst(name.utf8.count + 1))
            }
            return nil
        }
    }

    public let mounts: [Mount]

    public init(_ text: String) {
        mounts = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 10, let dash = fields[6...].firstIndex(of: "-"),
                fields.count > dash + 3
            else { return nil }
            let options = fields[dash + 3].split(separator: ",")
            return Mount(
                point: Self.unescaped(fields[4]), fileSystem: Self.unescaped(fields[dash + 1]),
                source: Self.unescaped(fields[dash + 2]),
                isFileSystemReadOnly: options.contains("ro"), options: options)
        }
    }

    /// The mount that a path without symbolic links lies on: the longest mount point above it,
    /// and of two at the same point the later one, which hides the other.
    public func mount(of path: String) -> Mount? {
        var best: Mount?
        for mount in mounts where Self.holds(mount.point, path) {
            if mount.point.utf8.count >= best?.point.utf8.count ?? 0 { best = mount }
        }
        return best
    }

    private static func holds(_ point: String, _ path: String) -> Bool {
        point == "/" || path == point || path.hasPrefix(point + "/")
    }

    /// Blanks, tabs, line feeds, backslashes and commas come as `\040`, three octal digits.
    fileprivate static func unescaped(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var plain: [UInt8] = []
        var place = 0
        while place < bytes.count {
            let digits = bytes[place...].dropFirst().prefix(3)
            if bytes[place] == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "7") }),
                digits[place + 1] <= UInt8(ascii: "3")
            {
                plain.append(digits.reduce(0) { $0 << 3 | ($1 - UInt8(ascii: "0")) })
                place += 4
            } else {
                plain.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}
