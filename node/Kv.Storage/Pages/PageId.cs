namespace Kv.Storage.Pages;

/// <summary>The number of a page: its offset in the file divided by the page size.</summary>
public readonly record struct PageId(ulong Value)
{
    /// <summary>Where the meta page names the page of the free list: none was written.</summary>
    public static PageId None => new(ulong.MaxValue);

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
