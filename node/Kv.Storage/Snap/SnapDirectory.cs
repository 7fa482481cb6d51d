using System.Globalization;
using Kv.Storage.Log;

namespace Kv.Storage.Snap;

/// <summary>The <c>.snap</c> files of a member, named <c>{term}-{index}.snap</c>, 16 hexadecimal digits each, so that
/// the newest has the greatest name.</summary>
public static class SnapDirectory
{
    private const string Suffix = ".snap";
    private const int NameLength = 16 + 1 + 16 + 5;

    /// <summary>Writes a file that is there as a whole or not at all, and returns when it is on disk. Beginnings left
    /// by a crash are called <c>tmp*</c>, which every start removes.</summary>
    public static void Save(IDisk disk, string directory, SnapFile snap, ISnapObserver? observer = null)
    {
        observer?.OnSaving();
        byte[] bytes = snap.Encode();
        observer?.OnEncoded();
        string name = Name(snap.Term, snap.Index);
        string beginning = Path.Combine(directory, "tmp." + name);
        using (IFile file = disk.Open(beginning, FileAccessMode.Create))
        {
            file.Write(0, bytes);
            observer?.OnSyncing();
            file.Sync();
            observer?.OnSynced();
        }

        disk.Rename(beginning, Path.Combine(directory, name));
        disk.SyncDirectory(directory);
        observer?.OnSaved();
    }

    /// <summary>The newest sound file that is one of <paramref name="wanted"/>, the snapshots of the log; null if there
    /// is none. Damaged ones on the way are renamed <c>.broken</c> and told.</summary>
    public static SnapFile? LoadNewest(
        IDisk disk, string directory, IReadOnlyList<LogSnapshot> wanted, Action<string, string> onBroken)
    {
        foreach (string name in Names(disk, directory).Reverse())
        {
            if (!wanted.Any(snapshot => Name(snapshot.Term, snapshot.Index) == name))
                continue;

            SnapFile? snap = Load(disk, Path.Combine(directory, name), out string fault);
            if (snap is not null)
                return snap;
            string path = Path.Combine(directory, name);
            disk.Rename(path, path + ".broken");
            onBroken(path, fault);
        }

        return null;
    }

    /// <summary>Reads one file; null with <paramref name="fault"/> if it is damaged.</summary>
    public static SnapFile? Load(IDisk disk, string path, out string fault)
    {
        using IFile file = disk.Open(path, FileAccessMode.Read);
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        return SnapFile.Decode(bytes, out fault);
    }

    /// <summary>Deletes the oldest files until <paramref name="keep"/> are left; returns how many.</summary>
    public static int Purge(IDisk disk, string directory, int keep)
    {
        IReadOnlyList<string> names = Names(disk, directory);
        int surplus = Math.Max(0, names.Count - keep);
        for (int i = 0; i < surplus; i++)
            disk.DeleteFile(Path.Combine(directory, names[i]));
        return surplus;
    }

    /// <summary>The files' names, oldest first.</summary>
    public static IReadOnlyList<string> Names(IDisk disk, string directory) =>
        [.. disk.List(directory).Where(IsName)];

    private static string Name(ulong term, ulong index) => $"{term:x16}-{index:x16}{Suffix}";

    private static bool IsName(string name) =>
        name.Length == NameLength
        && name.EndsWith(Suffix, StringComparison.Ordinal)
        && name[16] == '-'
        && ulong.TryParse(name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _)
        && ulong.TryParse(name.AsSpan(17, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _);
}
