#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a sample corpus: sample.py FOLDER [--documents N] [--seed S].

The documents read like notices and reports of invented governments: text and markdown files, one in
ten in traditional characters, and a file of JSON Lines. The sentences are this script's own. The
same arguments give the same bytes."""

import argparse
import json
import pathlib
import random

PLACES = ["云溪市", "青岭县", "白鹭区", "石桥镇", "南浦市", "长汀区", "金湖县", "东岸区"]
AGENCIES = ["人民政府办公室", "财政局", "教育局", "交通运输局", "市场监督管理局", "卫生健康局",
            "政务服务管理局", "自然资源局", "生态环境局", "人力资源和社会保障局"]
MATTERS = ["优化营商环境", "政务公开", "农村公路养护", "义务教育招生", "老旧小区改造", "防汛抗旱",
           "食品安全监督检查", "公共资源交易", "房屋征收补偿安置", "就业创业扶持", "污水处理设施建设",
           "数据资源共享", "社区养老服务", "安全生产", "河湖保护"]
KINDS = ["通知", "实施方案", "年度报告", "管理办法", "工作要点", "公告", "意见"]
VERBS = ["推进", "落实", "规范", "加强", "完善", "公布", "评估", "督促"]
THINGS = ["工作台账", "办事流程", "责任清单", "“三公”经费", "专项资金", "审批事项", "信息平台", "监测数据",
          "群众意见", "服务窗口", "应急预案", "《项目清单》", "整改措施", "目录管理", "宣传培训"]
PARTS = ["各镇街", "有关部门", "各责任单位", "项目承办单位", "办事企业", "社区居民", "第三方机构"]
ENDS = ["按时报送进展情况", "及时向社会公开", "接受群众监督", "确保取得实效", "不得推诿拖延", "逐项明确责任人",
        "每季度通报一次", "纳入年度考核"]
FACTS = ["全年共受理申请{n}件，办结率{p}%。", "投入资金{p}万元，比上年增长{q}%。",
         "12345热线转办工单{n}件，满意度{p}%。", "PM2.5平均浓度下降{q}%，优良天数{d}天。",
         "采购PD{n}A型设备{d}台，安装在{place}。", "手机APP和WiFi服务覆盖{d}个网点。",
         "地区生产总值（GDP）增长{q}%。", "联系电话：0951-{n}{d}。"]
SENTENCES = ["{part}要{verb}{thing}，{end}。", "{verb}{matter}，是今年的重点任务。",
             "为{verb}{thing}，制定本{kind}。", "{part}、{part2}应当{verb}{thing}；{end}。",
             "{place}{agency}负责{matter}的日常管理，{part}予以配合。", "对{thing}进行{verb}，{end}。"]
TRADITIONAL = str.maketrans(
    "万专业东个为义云产众优会传偿关养农况创办务区单卫县台场处备实审对岭应开强当录征态总护报据"
    "数旧时机构桥检测浓满点热环电监盖确纳线经结网群联范营补装见规训设评话请诿负财责账购费资转"
    "输运进采镇长门项预鹭于发号",
    "萬專業東個為義雲產衆優會傳償關養農況創辦務區單衛縣臺場處備實審對嶺應開強當錄徵態總護報據"
    "數舊時機構橋檢測濃滿點熱環電監蓋確納線經結網羣聯範營補裝見規訓設評話請諉負財責賬購費資轉"
    "輸運進採鎮長門項預鷺於發號")


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, words):
        return words[self.random.randrange(len(words))]

    def sentence(self):
        if self.random.random() < 0.2:
            return self.one(FACTS).format(
                n=self.random.randrange(1000, 9999), d=self.random.randrange(10, 360),
                p=f"{self.random.randrange(800, 999) / 10}",
                q=f"{self.random.randrange(1, 99) / 10}", place=self.one(PLACES))
        return self.one(SENTENCES).format(
            part=self.one(PARTS), part2=self.one(PARTS), verb=self.one(VERBS),
            thing=self.one(THINGS), end=self.one(ENDS), matter=self.one(MATTERS),
            kind=self.one(KINDS), place=self.one(PLACES), agency=self.one(AGENCIES))

    def document(self):
        place, agency = self.one(PLACES), self.one(AGENCIES)
        year = self.random.randrange(2012, 2026)
        month, day = self.random.randrange(1, 13), self.random.randrange(1, 29)
        matter, kind = self.one(MATTERS), self.one(KINDS)
        paragraphs = ["".join(self.sentence() for _ in range(self.random.randrange(2, 6)))
                      for _ in range(self.random.randrange(2, 8))]
        return {
            "title": f"{place}{agency}关于{matter}的{kind}",
            "docno": f"{place[0]}政发〔{year}〕{self.random.randrange(1, 200)}号",
            "agency": place + agency,
            "date": f"{year}-{month:02}-{day:02}",
            "written": f"{year}年{month}月{day}日",
            "paragraphs": paragraphs,
        }


def as_text(document):
    return "\n".join([document["title"], document["docno"], "", *document["paragraphs"], "",
                      document["agency"], document["written"], ""])


def as_markdown(document):
    return "\n\n".join([f"# {document['title']}", document["docno"], *document["paragraphs"],
                        f"{document['agency']}　{document['written']}\n"])


def as_record(number, document):
    record = {"id": f"sample:{number:05}", "title": document["title"], "date": document["date"],
              "text": "\n\n".join(document["paragraphs"]), "docno": document["docno"],
              "agency": document["agency"]}
    return json.dumps(record, ensure_ascii=False) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    writer = Writer(options.seed)
    records = []
    for number in range(options.documents):
        document = writer.document()
        if number % 4 == 3:
            records.append(as_record(number, document))
            continue
        is_markdown = number % 4 == 2
        text = as_markdown(document) if is_markdown else as_text(document)
        if number % 10 == 0:
            text = text.translate(TRADITIONAL)
        path = options.folder / document["agency"] / f"{number:05}.{'md' if is_markdown else 'txt'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "records.jsonl").write_text("".join(records), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
