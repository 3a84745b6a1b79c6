internal import CLinux
public import Diagnostics
internal import Glibc

/// Whether a folder keeps what is synced to it.
public enum Storage: Equatable, Sendable {
    /// On a card or a disk. `device` is what is mounted, as in `/dev/mmcblk0p2`.
    case lasting(fileSystem: String, device: String)
    /// In memory: gone after a power cut.
    case volatile(fileSystem: String)
    /// Over another file system; what is written goes to the upper directory.
    case overlay(upperDirectory: String, Upper)
    case readOnly(fileSystem: String)

    /// What the upper directory of an overlay lies on.
    public enum Upper: Equatable, Sendable {
        case lasting(fileSystem: String)
        case volatile(fileSystem: String)
        /// It is not visible from here, as in a container.
        case unknown
    }

    /// Looks at the folder at `path`, or where it would be made.
    public static func of(_ path: String) throws(SystemError) -> Storage {
        let folder = existing(path)
        let status = try look(folder)
        let table: [UInt8]
        do throws(SystemError) {
            table = try Path.contents(of: "/proc/self/mountinfo", atMost: 16 << 20)
        } catch {
            // A container without /proc: the type of the file system says the most important.
            table = []
        }
        return judge(
            type: UInt32(truncatingIfNeeded: status.f_type),
            isReadOnly: UInt64(truncatingIfNeeded: status.f_flags) & readOnlyFlag != 0,
            mounts: MountTable(String(decoding: table, as: UTF8.self)),
            path: try realPath(folder))
    }

    /// Bytes that a process without privileges may still write there; nil when it cannot be asked.
    public static func freeBytes(at path: String) -> UInt64? {
        do throws(SystemError) {
            let status = try look(existing(path))
            return UInt64(status.f_bavail) * UInt64(status.f_bsize)
        } catch {
            return nil
        }
    }

    /// The folder itself, or the one in which it would be made.
    private static func existing(_ path: String) -> String {
        var folder = path
        while !Path.exists(folder) && folder != "/" && folder != "." {
            folder = Path.folder(of: folder)
        }
        return folder
    }

    private static func look(_ folder: String) throws(SystemError) -> statfs {
        var status = statfs()
        try retrying("statfs", folder) { unsafe statfs(folder, &status) }
        return status
    }

    /// ST_RDONLY (statvfs(3)).
    private static let readOnlyFlag: UInt64 = 1

    private static func realPath(_ path: String) throws(SystemError) -> String {
        guard let text = unsafe realpath(path, nil) else {
            throw SystemError.last("realpath", path)
        }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}

extension Storage {
    /// Types of file systems as statfs(2) numbers them (linux/magic.h).
    private enum Magic {
        static let tmpfs: UInt32 = 0x0102_1994
        static let ramfs: UInt32 = 0x8584_58F6
        static let overlay: UInt32 = 0x794C_7630
    }

    /// The decision, from what the kernel says: the type and the read-only flag of statfs(2), the
    /// mounts, and the folder's path without symbolic links.
    public static func judge(
        type: UInt32, isReadOnly: Bool, mounts: MountTable, path: String
    ) -> Storage {
        let mount = mounts.mount(of: path)
        let name = mount?.fileSystem ?? "file system 0x\(String(type, radix: 16))"
        if isReadOnly { return .readOnly(fileSystem: name) }
        switch type {
        case Magic.tmpfs: return .volatile(fileSystem: "tmpfs")
        case Magic.ramfs: return .volatile(fileSystem: "ramfs")
        case Magic.overlay: return overlay(mount, mounts)
        default: break
        }
        if let mount, isInMemory(mount) {
            return .volatile(fileSystem: "\(name) on \(mount.source)")
        }
        return .lasting(fileSystem: name, device: mount?.source ?? "unknown")
    }

    private static func overlay(_ mount: MountTable.Mount?, _ mounts: MountTable) -> Storage {
        guard let mount, let directory = mount.option("upperdir") else {
            return .overlay(upperDirectory: "", .unknown)
        }
        // The path is the one of the process that mounted: it may lead nowhere here, and then
        // the nearest mount is the overlay itself.
        guard let upper = mounts.mount(of: directory), upper.fileSystem != mount.fileSystem else {
            return .overlay(upperDirectory: directory, .unknown)
        }
        let kind: Upper =
            isInMemory(upper)
            ? .volatile(fileSystem: upper.fileSystem) : .lasting(fileSystem: upper.fileSystem)
        return .overlay(upperDirectory: directory, kind)
    }

    /// Memory as a file system, or as a block device (zram, brd).
    private static func isInMemory(_ mount: MountTable.Mount) -> Bool {
        ["tmpfs", "ramfs", "rootfs"].contains(mount.fileSystem)
            || mount.source.hasPrefix("/dev/zram") || mount.source.hasPrefix("/dev/ram")
    }
}
