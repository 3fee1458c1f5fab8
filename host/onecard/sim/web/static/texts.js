// What the page says, Chinese and English. What the terminal says is its own affair.
export const TEXTS = {
  zh: {
    other: "English", sound: "声音", lost: "连接已断开，正在重连", terminal: "终端", keypad: "键盘", reader: "读卡区",
    reader_hint: "把卡拖到这里", cards: "卡片",
    cards_hint: "拖到读卡区并拿开；点一下则刷一次卡（回车键也可）。", codes: "条码与二维码", code: "条码或文字",
    scan: "扫码", trouble: "故障与主机", pull: "采集记录", fill: "写满记录",
    fill_sure: "写满终端的记录区？只有采集后才会腾空。", tear_after: "空中传输多少字节后抽卡", tear: "抽卡",
    cut_at: "第几次写闪存时断电", cut: "预设断电", log: "记录", power_on: "通电", power_off: "断电",
    is_on: "已通电", is_off: "已断电", plug: "接上主机", unplug: "拔掉主机", host_there: "主机已联机", host_looking: "主机连接中",
    host_gone: "主机未接", no_money: "无电子钱包", there: "在读卡区", filled: "已写满，新增记录", pulled: "已采集记录",
    left: "剩余", scanned: "已扫码", confirm: "确认", cancel: "取消", screen: "屏幕",
  },
  en: {
    other: "中文", sound: "Sound", lost: "connection lost, trying again", terminal: "Terminal", keypad: "Keypad",
    reader: "Reader", reader_hint: "drag a card here", cards: "Cards",
    cards_hint: "Drag one onto the reader and off it; a click (or Enter) taps it once.", codes: "Bar codes and QR codes",
    code: "Code or text", scan: "Scan", trouble: "Trouble and host", pull: "Collect records", fill: "Fill the journal",
    fill_sure: "Fill the terminal's journal? Only collecting its records empties it.",
    tear_after: "Leaves after bytes on the air", tear: "Tear away",
    cut_at: "Power fails in flash operation", cut: "Arm the cut", log: "Log", power_on: "Power on", power_off: "Cut the power",
    is_on: "power on", is_off: "power off", plug: "Plug the host in", unplug: "Unplug the host", host_there: "host connected",
    host_looking: "host is connecting", host_gone: "host unplugged", no_money: "no purse",
    there: "on the reader", filled: "filled, records added", pulled: "records collected", left: "left", scanned: "scanned",
    confirm: "OK", cancel: "C", screen: "Screen",
  },
};

export const SCENES = {
  canteen: "食堂", library: "图书馆", hotel: "酒店", museum: "博物馆", bus: "公交", clinic: "诊所药店", topup: "充值点",
  subsidy: "补贴发放", enquiry: "查询",
};

// Words of records, as host/onecard/report.py has them.
export const WORDS = {
  done: "成功", proved: "已证实", "not done": "未扣款", "in doubt": "存疑", "wrong MAC2": "MAC2错误",
  "done, MAC2 not checked": "成功，MAC2未验", hotlisted: "已挂失", admission: "入场", "check-in": "入住", ride: "乘车",
  card: "刷卡", "card, read only": "读卡", code: "二维码", "by hand": "人工", "meal": "就餐", begun: "开始", ended: "结束",
  lend: "借出", return: "归还", renew: "续借", arrives: "入住", joins: "同住", leaves: "退房", deposits: "收押金",
  "deposit back": "退押金", asked: "已询问", committed: "已确认", reversed: "已撤销", "menu opened": "打开菜单",
  "wrong PIN": "密码错误", "service mode": "维护模式", "purchase undone": "撤销消费",
};

// Kinds of records by their names in firmware/ocwire/record.py; in English they stand as they are.
export const KINDS = {
  boot: "启动", acknowledged: "采集回执", "clock set": "校时", configured: "设置更新", updated: "固件更新", refused: "拒绝",
  identity: "身份读取", code: "二维码", intent: "交易意图", result: "交易结果", carried: "未决交易", debited: "交易完成",
  shift: "班次", entry: "入场", loan: "借还", stay: "住宿", trip: "行车", medical: "医保", admin: "操作员", list: "名单",
};
