internal import Glibc

/// Why a call on a file failed, as far as it tells people what to do.
public enum DiskCause: Equatable, Sendable {
    /// No room, or no more of it for this user.
    case full
    case readOnly
    /// The device did not do what it was asked, or is gone.
    case device
    /// The folder is on another file system than the open file: unmounted, or mounted over.
    case elsewhere
    /// Something lies at the path that is no ring.
    case occupied
    /// Another process has the file that lies at the path.
    case inUse
    case other
}

extension SystemError {
    public var diskCause: DiskCause {
        switch number {
        case ENOSPC, EDQUOT: .full
        case EROFS: .readOnly
        case EIO, ENXIO, ENODEV: .device
        case ESTALE: .elsewhere
        case EEXIST, EISDIR: .occupied
        case EWOULDBLOCK where call == "flock": .inUse
        default: .other
        }
    }
}
