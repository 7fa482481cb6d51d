using System.Text.Json.Nodes;
using Kv.Operator.Pages;

namespace Kv.Operator.Tests.Pages;

/// <summary>The page in a real Chromium: it looks like something, can be read in light and dark, on a narrow screen and
/// by keyboard, is refreshed as things happen, and needs no script for it. With <c>KV_PAGES=FOLDER</c> the pictures are
/// kept there.</summary>
public sealed class BrowserTests(Browser browser) : IClassFixture<Browser>
{
    private const int Width = 1180;
    private const int Height = 760;
    private const int Narrow = 360;

    /// <summary>Texts whose contrast is less than WCAG 2.1 asks for at level AA (1.4.3): 4.5 to 1, or 3 to 1 where
    /// letters are large.</summary>
    private const string FaintTexts =
        """
        (() => {
          const light = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
          const read = colour => colour.match(/[\d.]+/g).map(Number);
          const luminance = ([r, g, b]) =>
            0.2126 * light(r / 255) + 0.7152 * light(g / 255) + 0.0722 * light(b / 255);
          const backOf = element => {
            for (let each = element; each; each = each.parentElement) {
              const back = read(getComputedStyle(each).backgroundColor);
              if (back.length < 4 || back[3] > 0) return back;
            }
            return [255, 255, 255];
          };
          const faint = [];
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            if (!texts.currentNode.data.trim() || element.closest('.unseen, script, style, noscript')) continue;
            const style = getComputedStyle(element);
            const [one, two] = [luminance(read(style.color)), luminance(backOf(element))];
            const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
            const size = parseFloat(style.fontSize);
            const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
          }
          return faint;
        })()
        """;

    public static TheoryData<string> Scenes => [.. PageScenes.All.Keys];

    [Theory]
    [MemberData(nameof(Scenes))]
    public async Task Each_scene_can_be_read_in_light_and_dark_and_on_a_narrow_screen(string name)
    {
        (PageScene scene, string says) = PageScenes.All[name];
        await using PageSite site = await PageSite.StartAsync(scene);
        foreach (bool isDark in new[] { false, true })
        {
            await using BrowserTab tab = await browser.OpenAsync(Width, Height, isDark);
            await tab.GoAsync(site.Address);
            await tab.UntilAsync("document.getElementById('live').textContent === 'Live'");

            string read = (string)(await tab.EvaluateAsync("document.body.innerText"))!;
            Assert.Contains(says, read, StringComparison.Ordinal);
            await tab.EvaluateAsync("document.querySelectorAll('details').forEach(each => each.open = true)");
            Assert.Empty((await tab.EvaluateAsync(FaintTexts))!.AsArray());
            await tab.EvaluateAsync("document.querySelectorAll('details').forEach(each => each.open = false)");
            byte[] picture = await KeepAsync(tab, $"{name}-{(isDark ? "dark" : "light")}");
            (int width, int height, int lines) = Picture.Read(picture);
            Assert.Equal((Width, Height), (width, height));
            Assert.True(lines > 50, $"{lines} lines of the picture differ.");

            await tab.ResizeAsync(Narrow, Height);
            int needed = (int)(await tab.EvaluateAsync("document.documentElement.scrollWidth"))!;
            Assert.True(needed <= Narrow, $"{name} is {needed} wide.");
            await KeepAsync(tab, $"{name}-{(isDark ? "dark" : "light")}-narrow");

            Assert.Null(await tab.EvaluateAsync("window.pwned"));
            Assert.Empty(tab.Complaints);
            Assert.All(tab.Requests, request => Assert.True(
                request.StartsWith(site.Address.ToString(), StringComparison.Ordinal) || request == "data:,", request));
        }
    }

    [Fact]
    public async Task What_happens_is_shown_where_it_happens_and_nothing_else_is_touched()
    {
        PageScene before = new() { Clusters = [PageScenes.Healthy("demo"), PageScenes.Healthy("other")] };
        await using PageSite site = await PageSite.StartAsync(before);
        await using BrowserTab tab = await browser.OpenAsync(Width, Height, isDark: false);
        await tab.GoAsync(site.Address);
        await tab.UntilAsync("document.getElementById('live').textContent === 'Live'");
        await tab.EvaluateAsync(
            """
            document.querySelector('[data-part="data/other"]').marked = true;
            document.querySelector('[data-part="data/demo"] summary').focus();
            document.querySelector('[data-part="data/demo"] details').open = true;
            """);

        site.Show(before with
        {
            Clusters = [PageScenes.Degraded(PageScenes.Healthy("demo")), PageScenes.Healthy("other")],
        });
        await tab.UntilAsync("document.querySelector('[data-part=\"data/demo\"] .badge')?.textContent === 'Degraded'");

        JsonNode seen = (await tab.EvaluateAsync(
            """
            ({
              row: document.querySelector('[data-part="data/demo"] tbody tr:nth-child(3)').innerText,
              marked: document.querySelector('[data-part="data/other"]').marked,
              open: document.querySelector('[data-part="data/demo"] details').open,
              focused: document.activeElement.id,
              news: document.getElementById('news').textContent,
            })
            """))!;
        Assert.Contains("Alarm NoSpace", (string)seen["row"]!, StringComparison.Ordinal);
        Assert.True((bool?)seen["marked"]);
        Assert.True((bool?)seen["open"]);
        Assert.Equal("c-data.demo-sum", (string?)seen["focused"]);
        Assert.Contains("data/demo: Degraded", (string)seen["news"]!, StringComparison.Ordinal);

        site.Show(new PageScene());
        await tab.UntilAsync("document.body.innerText.includes('There are no clusters yet')");
        Assert.Equal(1, (int?)await tab.EvaluateAsync("document.getElementById('parts').children.length"));
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Without_scripts_all_is_there_and_the_page_reloads_itself()
    {
        await using PageSite site = await PageSite.StartAsync(PageScenes.All["degraded"].Scene);
        await using BrowserTab tab = await browser.OpenAsync(Width, Height, isDark: false);
        await tab.ForbidScriptsAsync();
        await tab.GoAsync(site.Address);

        JsonNode seen = (await tab.EvaluateAsync(
            """
            ({
              text: document.body.innerText,
              again: document.querySelector('noscript meta[http-equiv=refresh]')?.content,
              live: document.getElementById('live').textContent,
            })
            """))!;
        Assert.Contains("Alarm NoSpace", (string)seen["text"]!, StringComparison.Ordinal);
        Assert.Contains(" UTC", (string)seen["text"]!, StringComparison.Ordinal);
        Assert.Equal("10", (string?)seen["again"]);
        Assert.Equal("", (string?)seen["live"]);
        Assert.Equal(0, site.Streams.Count);
    }

    [Fact]
    public async Task Whoever_goes_by_keyboard_sees_where_they_are()
    {
        await using PageSite site = await PageSite.StartAsync(PageScenes.All["snapshot"].Scene);
        await using BrowserTab tab = await browser.OpenAsync(Width, Height, isDark: false);
        await tab.GoAsync(site.Address);
        var reached = new List<string>();
        for (int stop = 0; stop < 3; stop++)
        {
            await tab.PressAsync("Tab");
            JsonNode at = (await tab.EvaluateAsync(
                """
                (() => {
                  const style = getComputedStyle(document.activeElement);
                  return { id: document.activeElement.id, line: style.outlineStyle, width: style.outlineWidth };
                })()
                """))!;
            reached.Add((string)at["id"]!);
            Assert.Equal(("solid", "3px"), ((string)at["line"]!, (string)at["width"]!));
        }

        Assert.Equal(["c-data.demo-members", "c-data.demo-snapshots", "c-data.demo-sum"], reached);
    }

    private static async Task<byte[]> KeepAsync(BrowserTab tab, string name)
    {
        byte[] picture = await tab.PictureAsync(isWhole: false);
        if (Environment.GetEnvironmentVariable("KV_PAGES") is { Length: > 0 } folder)
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{name}.png"), picture);
        return picture;
    }
}
