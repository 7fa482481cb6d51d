using Kv.Storage.Pages;
using Kv.Testing;

namespace Kv.Node.Tests.Pages;

/// <summary>The bits with their hints against a plain set that is searched from its beginning.</summary>
public sealed class FreePagesTests
{
    private const int PageCount = 3000;

    [Theory]
    [Seeds(50)]
    public void Takes_the_lowest_run_that_fits(int seed)
    {
        var random = new Random(seed);
        var free = new FreePages();
        bool[] model = new bool[PageCount];
        (int From, int To) barred = (0, 0);
        int longest = random.Next(2, 200);

        for (int step = 0; step < 2000; step++)
        {
            int count = random.Next(1, random.Next(4) == 0 ? longest : 4);
            switch (random.Next(10))
            {
                case < 4:
                    int start = random.Next(2, PageCount - count);
                    if (model.AsSpan(start, count).Contains(true))
                        break;
                    free.Add(new PageId((ulong)start), count);
                    model.AsSpan(start, count).Fill(true);
                    break;
                case < 9:
                    int limit = random.Next(3) == 0 ? random.Next(PageCount) : PageCount;
                    int expected = Lowest(model, count, barred);
                    bool fits = expected >= 0 && expected + count <= limit;
                    Assert.Equal(fits, free.TryTake(count, (ulong)limit, out var taken));
                    if (!fits)
                        break;
                    Assert.Equal((ulong)expected, taken.Value);
                    model.AsSpan(expected, count).Clear();
                    break;
                default:
                    barred = random.Next(2) == 0 ? (0, 0) : (random.Next(PageCount), PageCount / 2);
                    if (barred.From < barred.To)
                        free.Bar((ulong)barred.From, (ulong)barred.To);
                    else
                        free.Unbar();
                    break;
            }
        }

        Assert.Equal(Runs(model), free.Runs().Select(run => ((int)run.Start.Value, run.Count)));
        Assert.Equal(model.Count(isFree => isFree), free.Count);
    }

    [Theory]
    [Seeds(30)]
    public void Gives_up_no_more_than_the_free_end(int seed)
    {
        var random = new Random(seed);
        var free = new FreePages();
        int end = random.Next(100, 1000);
        int used = random.Next(2, end);
        free.Add(new PageId(2), used - 2);
        if (used + 1 < end)
            free.Add(new PageId((ulong)used + 1), end - used - 1);

        Assert.Equal((ulong)used + 1, free.TrimEnd((ulong)end));
        Assert.Equal(used - 2, free.Count);
    }

    [Fact]
    public void Finds_the_emptiest_stretch()
    {
        var free = new FreePages();
        free.Add(new PageId(10), 20);
        free.Add(new PageId(640), 30);
        free.Add(new PageId(700), 20);
        free.Add(new PageId(2000), 1000);

        Assert.True(free.TryFindEmptiest(128, limit: 1500, out var start, out var end));
        Assert.Equal(new PageId(640), start);
        Assert.Equal(new PageId(768), end);
    }

    [Fact]
    public void A_page_is_not_freed_twice()
    {
        var free = new FreePages();
        free.Add(new PageId(7), 3);
        Assert.ThrowsAny<Exception>(() => free.Add(new PageId(9), 1));
        Assert.False(free.TryTakeAt(new PageId(6), 2));
        Assert.True(free.TryTakeAt(new PageId(8), 2));
    }

    private static int Lowest(bool[] model, int count, (int From, int To) barred)
    {
        int length = 0;
        for (int page = 0; page < model.Length; page++)
        {
            bool isBarred = page >= barred.From && page < barred.To;
            length = model[page] && !isBarred ? length + 1 : 0;
            if (length == count)
                return page - count + 1;
        }

        return -1;
    }

    private static IEnumerable<(int Start, int Count)> Runs(bool[] model)
    {
        for (int page = 0; page < model.Length; page++)
        {
            int start = page;
            while (page < model.Length && model[page])
                page++;
            if (page > start)
                yield return (start, page - start);
        }
    }
}
