internal import Bytes
internal import Glibc
internal import RecordRing

/// What was found wrong with the open file of a ring, and has been or is going to be put right.
public enum RingMend: Equatable, Sendable {
    /// It is `bytes` long, shorter than the ring, and what was behind its end is gone. The next
    /// write begins with a header and zeros.
    case cut(bytes: UInt64)
    /// It was `bytes` long, longer than the ring: what somebody had appended was cut off.
    case shortened(bytes: UInt64)
    /// It was not at its path any more. A copy of it is, with every record; a ring that lay there
    /// was moved to `aside`.
    case putBack(aside: String?)
}

// What a ring does when somebody cuts, deletes, moves or replaces its file while it is open. The
// rule: the open file is the ring. Whatever happened to its name, it still has every byte, so it
// is copied back to its path; that loses nothing, not even what memory no longer holds. Going
// on with a file that somebody else has put there would mean other sequences and other tails.
//
// Nothing of others is written over or deleted. A ring that lies in the way and that nobody has
// open is given another name; anything else is left where it is, and said.
extension RingFile {
    /// Looks at the open file: is it as long as the ring? One that was cut is said first, so that
    /// the caller knows at once what it has lost, and laid anew by the next look: `unlaid` is
    /// where zeros are missing from it.
    func mendLength(_ unlaid: inout UInt64?) throws(SystemError) -> RingMend? {
        let length = try descriptor.length(of: path)
        let full = geometry.fileBytes
        if length > full {
            try descriptor.truncate(to: full, subject: path)
            if unlaid == nil { return .shortened(bytes: length) }
        }
        if length < unlaid ?? full {
            unlaid = length
            return .cut(bytes: length)
        }
        guard let start = unlaid else { return nil }
        // Its length first: a start that finds it is not refused. The zeros make sure that no
        // later write finds a full disk.
        try descriptor.truncate(to: full, subject: path)
        try Self.writeZeros(in: descriptor, path, from: start, to: full)
        try Self.writeHeader(geometry, in: descriptor, path)
        unlaid = nil
        return nil
    }

    /// Looks at the path: does it still name the open file? If not, puts a copy there.
    func mendPath() throws(SystemError) -> RingMend? {
        let identity = try descriptor.identity(of: path)
        let found = try Path.identity(of: path)
        if found == identity { return nil }
        try checkFileSystem(identity)
        try Path.makeFolders(Path.folder(of: path))
        let aside = found == nil ? nil : try moveAside()
        try putBack()
        return .putBack(aside: aside)
    }

    /// A card that was unmounted leaves an empty folder of another file system: no place for the
    /// ring, and with the card mounted again the file is there.
    private func checkFileSystem(_ identity: FileIdentity) throws(SystemError) {
        var folder = Path.folder(of: path)
        while !Path.exists(folder) && folder != "/" && folder != "." {
            folder = Path.folder(of: folder)
        }
        guard try Path.identity(of: folder)?.device == identity.device else {
            throw SystemError(call: "stat", subject: path, number: ESTALE)
        }
    }

    /// Gives the ring that lies at the path another name, and answers it; nil for an empty file,
    /// which nobody misses.
    private func moveAside() throws(SystemError) -> String? {
        let other = try FileDescriptor.open(path, .readWrite)
        guard try other.lock(path) else {
            throw SystemError(call: "flock", subject: path, number: EWOULDBLOCK)
        }
        defer { other.unlock() }
        if try other.length(of: path) == 0 { return nil }
        do throws(RingFileError) {
            _ = try Self.geometry(of: other, path)
        } catch {
            throw SystemError(call: "rename", subject: path, number: EEXIST)
        }
        var number = 1
        while Path.exists("\(path).\(number)") { number += 1 }
        try Path.rename(path, to: "\(path).\(number)")
        return "\(path).\(number)"
    }

    /// Copies the open file to its path, and goes on with the copy.
    private func putBack() throws(SystemError) {
        let place = "\(path).partial"
        try Path.remove(place)
        let copy = try FileDescriptor.open(place, .createNewReadWrite)
        do throws(SystemError) {
            _ = try copy.lock(place)
            var chunk = FixedBuffer(capacity: Self.chunkBytes)
            var offset: UInt64 = 0
            while offset < geometry.fileBytes {
                let count = Int(min(UInt64(Self.chunkBytes), geometry.fileBytes - offset))
                chunk.removeAll()
                try descriptor.read(count, at: offset, into: &chunk, subject: path)
                try copy.write(chunk.bytes, at: offset, subject: place)
                offset += UInt64(count)
            }
            try copy.synchronize(place)
            try Path.rename(place, to: path)
        } catch {
            _ = unsafe unlink(place)
            throw error
        }
        try descriptor.become(copy, path)
        try Path.synchronizeFolder(of: path)
    }
}
