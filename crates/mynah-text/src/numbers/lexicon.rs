//! Words that decide how a Chinese numeral is written. What concerns single rules only stays with
//! them.

/// Words and sayings whose numerals are not counted with. Only those are listed that the rules
/// would otherwise rewrite: lone digits (一起, 三心二意) never need it.
pub(super) const FIXED: &[&str] = &[
    // Words.
    "二百五",
    "七七八八",
    "一点一滴",
    "一点一点",
    "两点一线",
    "三点一线",
    "三六九等",
    // Names and events.
    "双十一",
    "双十二",
    "十一黄金周",
    "十一长假",
    "十一假期",
    "十一国庆",
    "国庆十一",
    "一二九运动",
    "一二九",
    "九一八",
    "一二八事变",
    "十月革命",
    "十月怀胎",
    "五月天",
    "五四三",
    "十二生肖",
    "十三陵",
    "二十四节气",
    "二十四史",
    "二十四孝",
    "三十六计",
    "七十二变",
    "十八般武艺",
    "十八罗汉",
    "一千零一夜",
    "一百单八将",
    "三百六十行",
    "唐诗三百首",
    "三月三",
    "八百里加急",
    // Sayings.
    "十年树木",
    "十年寒窗",
    "十年磨一剑",
    "十年如一日",
    "十年生死",
    "十年河东",
    "十年河西",
    "三十年河东",
    "三十年河西",
    "三十而立",
    "四十不惑",
    "五十知天命",
    "五十而知天命",
    "六十耳顺",
    "七十古来稀",
    "五十步笑百步",
    "十万火急",
    "十万八千里",
    "十万个为什么",
    "一万个不",
    "女大十八变",
    "三千弟子",
    "三千世界",
    "后宫三千",
    "弱水三千",
    "飞流直下三千尺",
    "大年三十",
    "年三十",
    "一百个放心",
    "一百个不",
    "十次有九次",
    "十个有九个",
    "十天半个月",
    "十天半月",
];

/// Words before a weekday's numeral.
pub(super) const WEEK: &[&str] = &["星期", "礼拜", "周"];

/// Words before an hour.
pub(super) const TIME_OF_DAY: &[&str] = &[
    "凌晨", "清晨", "早晨", "早上", "上午", "中午", "下午", "傍晚", "晚上", "夜里", "夜间", "半夜",
    "深夜", "今早", "明早", "今晚", "明晚", "昨晚", "当晚", "午后",
];

/// Units that make a lone digit a measure: written with digits even below ten.
pub(super) const MEASURES: &[&str] = &[
    "公里",
    "千米",
    "厘米",
    "毫米",
    "微米",
    "纳米",
    "英里",
    "英尺",
    "英寸",
    "海里",
    "平方米",
    "平方公里",
    "平方厘米",
    "立方米",
    "公顷",
    "公斤",
    "千克",
    "毫克",
    "毫升",
    "公升",
    "摄氏度",
    "美元",
    "欧元",
    "英镑",
    "日元",
    "港元",
    "港币",
    "人民币",
    "美金",
    "千瓦",
    "毫秒",
    "微秒",
    "兆赫",
    "赫兹",
    "伏特",
    "百分点",
    "个百分点",
];

/// Counters of numbered things: 第三章, but 第三次.
pub(super) const NUMBERED: &[&str] = &[
    "章", "节", "页", "行", "条", "款", "届", "期", "集", "季度", "号", "楼", "版", "题", "课",
    "卷", "排", "列",
];

/// Counters that make a lone 十 a number.
pub(super) const COUNTERS: &[&str] = &[
    "个", "位", "名", "人", "年", "天", "次", "块", "元", "岁", "分钟", "秒", "小时", "周", "月",
    "号", "日", "点", "度", "米", "斤", "倍", "层", "楼", "间", "家", "条", "张", "只", "台", "辆",
    "本", "页", "章", "节", "句", "件", "种", "题", "届", "期", "强", "多", "余", "几岁", "吨",
    "克", "升", "亩", "票", "款", "集", "季", "所", "座", "架", "艘", "枚", "颗", "篇", "场", "趟",
    "遍",
];

/// Characters before 十 that make it vague or a traditional date: 几十, 数十, 初十.
pub(super) const VAGUE_BEFORE_TEN: &[&str] = &["几", "数", "初"];

/// Months of the traditional calendar, whose days are not written with digits.
pub(super) const LUNAR_MONTHS: &[&str] = &["正月", "腊月", "冬月"];

/// Characters after a numeral that make it vague: 十几, 二十来岁.
pub(super) const VAGUE_AFTER: &[&str] = &["几", "来个", "来岁", "来天", "来年", "来人", "来次"];

/// What follows a two-digit year or generation: 零八年, 九零后.
pub(super) const SHORT_YEAR: &[&str] = &["年", "后", "级", "届"];

/// What follows a listing of neighbours (三四五个), which is no number.
pub(super) const AFTER_LISTING: &[&str] = &["个", "号", "月", "天", "年", "次", "点", "岁", "位"];
