import Linux

/// Whether a ring may begin its life on what its folder lies on.
enum StoragePolicy {
    /// Memory is refused: `run`.
    case lasting
    /// Memory is taken with a warning: `[ring] allow_volatile = yes`.
    case volatileAllowed
    /// Anything that can be written will do: the demo, which says where its data are.
    case any
}

/// What the storage of a data folder means, in words.
enum StorageText {
    static func text(_ storage: Storage) -> String {
        switch storage {
        case .lasting(let fileSystem, let device): "\(fileSystem) on \(device)"
        case .volatile(let fileSystem): "\(fileSystem), in memory: gone after a power cut"
        case .readOnly(let fileSystem): "\(fileSystem), read-only"
        case .overlay(let directory, .lasting(let fileSystem)):
            "overlay, written to \(directory) on \(fileSystem)"
        case .overlay(let directory, .volatile(let fileSystem)):
            "overlay, written to \(directory) on \(fileSystem), in memory: gone after a power cut"
        case .overlay(_, .unknown):
            "overlay, and what it writes to cannot be seen from here: a container's data go with "
                + "it, and a read-only system's are in memory"
        }
    }

    /// Nobody will find the records again after a power cut.
    static func isVolatile(_ storage: Storage) -> Bool {
        switch storage {
        case .volatile, .overlay(_, .volatile): true
        case .lasting, .readOnly, .overlay: false
        }
    }
}

extension SetupError {
    /// What the folder lies on.
    static func storage(of folder: String) throws(SetupError) -> Storage {
        try wrap { () throws(SystemError) in try Storage.of(folder) }
    }
}

extension SessionPlan {
    /// Refuses a data folder that keeps nothing, or says what there is to say about it.
    func checkStorage(_ log: Log) throws(SetupError) {
        let storage = try SetupError.storage(of: dataFolder)
        let text = "\(dataFolder): on \(StorageText.text(storage))"
        if case .readOnly = storage {
            throw SetupError(
                "\(text); nothing can be recorded: mount it writable, or choose another "
                    + "[gateway] data folder")
        }
        if storagePolicy == .any { return }
        if StorageText.isVolatile(storage) {
            guard storagePolicy == .volatileAllowed else {
                throw SetupError(
                    "\(text); choose a [gateway] data folder on a card or disk, or write "
                        + "`allow_volatile = yes` into [ring] if records may be lost")
            }
            log.write(.warning, "\(text); allowed by [ring] allow_volatile")
            return
        }
        switch storage {
        case .overlay(_, .unknown): log.write(.warning, text)
        case .overlay: log.write(.notice, text)
        default: break
        }
    }
}
