//! Texts that run where somebody forgot to escape them.

/// What stands in place of free texts. `#` becomes the number of the text: what runs tells which one it was, and what is seen is
/// known again.
const TEXTS: &[&str] = &[
    // Elements.
    "<script>__fired(#)</script>",
    "<ScRiPt >__fired(#)</sCrIpT >",
    "<script/src=data:,__fired(#)></script>",
    "</script><script>__fired(#)</script>",
    "<scr<script>ipt>__fired(#)</scr</script>ipt>",
    "<img src=x onerror=__fired(#)>",
    "<img/src=`x`onerror=__fired(#)>",
    "<IMG \"\"\"><SCRIPT>__fired(#)</SCRIPT>\">",
    "<body onload=__fired(#)>",
    "<input autofocus onfocus=__fired(#)>",
    "<details open ontoggle=__fired(#)>open</details>",
    "<video><source onerror=__fired(#)></video>",
    "<audio src=x onerror=__fired(#)>",
    "<marquee onstart=__fired(#)>run</marquee>",
    "<iframe src=javascript:parent.__fired(#)></iframe>",
    "<iframe srcdoc='<script>parent.__fired(#)</script>'></iframe>",
    "<object data=javascript:__fired(#)></object>",
    "<embed src=javascript:__fired(#)>",
    "<form action=javascript:__fired(#)><button autofocus>go</button></form>",
    "<a href=javascript:__fired(#)>click</a>",
    "<base href=https://example.invalid/?__fired(#)>",
    "<link rel=stylesheet href=https://example.invalid/__fired(#).css>",
    "<meta http-equiv=refresh content='0;url=javascript:__fired(#)'>",
    "<style>@import 'https://example.invalid/__fired(#)';</style>",
    "<p style=animation-name:x onanimationstart=__fired(#)>",
    // Vector graphics and formulas.
    "<svg onload=__fired(#)>",
    "<svg><script>__fired(#)</script></svg>",
    "<svg><animate onbegin=__fired(#) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:__fired(#)><text y=20>click</text></a></svg>",
    "<math><maction actiontype=statusline xlink:href=javascript:__fired(#)>click",
    // Out of attributes, texts and comments.
    "\" onmouseover=__fired(#) x=\"",
    "\" autofocus onfocus=__fired(#) x=\"",
    "' onmouseover='__fired(#)' x='",
    "\"><script>__fired(#)</script>",
    "'><img src=x onerror=__fired(#)>",
    "</title><script>__fired(#)</script>",
    "</textarea><script>__fired(#)</script>",
    "</option></select><img src=x onerror=__fired(#)>",
    "--><script>__fired(#)</script><!--",
    "]]><script>__fired(#)</script>",
    "&quot;&gt;&lt;script&gt;__fired(#)&lt;/script&gt;",
    "&#60;img src=x onerror=__fired(#)&#62;",
    // Addresses.
    "javascript:__fired(#)",
    "JaVaScRiPt:__fired(#)//https://bank.example",
    "java\tscript:__fired(#)",
    "\u{1}javascript:__fired(#)",
    "data:text/html,<script>parent.__fired(#)</script>",
    "//example.invalid/__fired(#)",
    // Languages of templates, and what builds pages out of them.
    "{{constructor.constructor('__fired(#)')()}}",
    "{% raw %}${__fired(#)}#{__fired(#)}<%= __fired(#) %>",
    "';__fired(#);//",
    "\\\";__fired(#);//",
    "\u{2028}__fired(#)\u{2029}",
    // What changes when it is parsed twice.
    "<noscript><p title=\"</noscript><img src=x onerror=__fired(#)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=__fired(#)&gt;\">",
    "<svg></p><style><a id=\"</style><img src=x onerror=__fired(#)>\">",
    "<listing>&lt;img src=x onerror=__fired(#)&gt;</listing>",
    "<template><script>__fired(#)</script></template>",
    // htmx would act on these.
    "<div hx-get=/console/account hx-trigger=load hx-on:htmx:load=__fired(#)></div>",
    "<div data-hx-get=/x data-hx-trigger=load data-hx-on--after-request=__fired(#)></div>",
    // Letters that are not what they seem.
    "nul\u{0}<script>__fired(#)</script>",
    "\u{202e}<script>__fired(#)</script>\u{202c}",
    "\u{200b}<\u{200b}script>__fired(#)</script>",
    "\u{feff}<img src=x onerror=__fired(#)>",
    "＜script＞__fired(#)＜/script＞",
    "\u{1b}[31m<b>__fired(#)</b>\r\nSet-Cookie: x=1",
];

/// What is added to ids.
pub(super) const OF_IDS: &[&str] =
    &["\"><svg/onload=__fired(901)>", "' onmouseover='__fired(902)", "</title><script>__fired(903)</script>"];

/// Every text, and one that is 10 kB without a place to break it.
pub(super) fn all() -> Vec<String> {
    let long = format!("<img src=x onerror=__fired({})>{}", TEXTS.len(), "W".repeat(10_000));
    let texts = TEXTS.iter().enumerate().map(|(number, text)| text.replace('#', &number.to_string()));
    texts.chain([long]).collect()
}

/// What a file has in it that is shown as what it is not; `mark` makes it one of its kind.
pub(super) fn file(mark: &str) -> (&'static str, String) {
    let script = "try { parent.__fired(904) } catch { alert(904) }";
    let kinds = ["text/html", "image/svg+xml", "application/xhtml+xml", "application/pdf", "image/png", "text/xml"];
    let kind = kinds[mark.bytes().map(usize::from).sum::<usize>() % kinds.len()];
    let text = match kind {
        "image/svg+xml" | "application/xhtml+xml" | "text/xml" => format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>{script}</script><text y=\"20\">{mark}</text></svg>"
        ),
        _ => format!("<!DOCTYPE html><script>{script}</script><p>{mark}</p>"),
    };
    (kind, text)
}
