namespace Kv.Storage.Log;

/// <summary>A place in the files of a log.</summary>
public readonly record struct LogPlace(string File, long Offset)
{
    public override string ToString() => $"{File} at offset {Offset}";
}
